import * as z from "zod";
import { fromBase64 } from "../../base/bytes.ts";
import { fail } from "../../base/errors.ts";
import {
  allRights,
  localPrefix,
  removeUser,
  type Right,
  setLocalUser,
  setUser,
  trustedUsers,
} from "../../trust/trust.ts";
import type { TrustCalls } from "../node-service.ts";
import { type ApiContext, type ApiRoutes, bodyOf, change, pathPart, routes, tell } from "../request.ts";

/** One line of GET /users. */
export interface UserView {
  readonly name: string;
  readonly rights: readonly string[];
  /** ISO, UTC; null for a user of a node's machine. */
  readonly expires: string | null;
}

/** Answered by POST /users. */
export interface UserCertificate extends UserView {
  readonly expires: string;
  readonly tag: string;
  readonly done: string;
  /** PEM. */
  readonly certificate: string;
  /** The authority's certificate, PEM. */
  readonly authority: string;
}

const day = 24 * 60 * 60_000;
const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "up to 63 letters, digits, dots, dashes and underscores");
const creation = z.strictObject({
  name,
  rights: z.array(z.enum(allRights)).min(1),
  /** PKCS#10, DER in base64: the key stays where it was made. */
  request: z.string().min(1),
  days: z.number().min(1).max(3650).optional(),
});

const local = z.strictObject({
  name: z.string().regex(/^@?[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$/, "the name of a user, or @ and that of a group"),
  rights: z.array(z.enum(allRights)).min(1),
});

/**
 * GET /users; POST /users {name, rights, request, days?} (90 days unless said otherwise); POST /users/local {name, rights} (@NAME: a
 * group); DELETE /users/USER (`unix:NAME`: a local one).
 */
export function users(): ApiRoutes {
  return routes()
    .get("/", (context) => {
      const all = trustedUsers(context.var.service.database.tree());
      const views = all.map(
        ({ name: user, rights, expires }): UserView => ({
          name: user,
          rights,
          expires: user.startsWith(localPrefix) ? null : new Date(expires).toISOString(),
        }),
      );
      return context.json(views);
    })
    .post("/", async (context) => {
      const { name: user, rights, request, days = 90 } = await bodyOf(context, creation);
      mayGive(context, user, rights);
      const made = await trustOf(context).userCertificate(user, fromBase64(request), days * day);
      const { certificate, authority, key, expires } = made;
      const tag = await context.var.service.change((tree) => setUser(tree, { name: user, key, rights, expires }));
      const answer: UserCertificate = {
        tag: tell(context, tag),
        done: `User ${user} has a certificate with the rights ${rights.join(", ")}.`,
        name: user,
        rights,
        expires: new Date(expires).toISOString(),
        certificate,
        authority,
      };
      return context.json(answer, 201);
    })
    .post("/local", async (context) => {
      const { name: user, rights } = await bodyOf(context, local);
      mayGive(context, `${localPrefix}${user}`, rights);
      return change(context, (tree) => setLocalUser(tree, { name: user, rights }));
    })
    .delete("/:user", (context) => change(context, (tree) => removeUser(tree, pathPart(context, "user"))));
}

/** Nobody gives what they lack; the audit log hears of whom and what. @throws ACCESS_DENIED */
function mayGive(context: ApiContext, user: string, rights: readonly Right[]): void {
  context.set("about", `${user}: ${rights.join(",")}`);
  const held = context.env.caller?.rights ?? [];
  const missing = rights.find((right) => !held.includes(right));
  if (missing === undefined) return;
  throw fail("ACCESS_DENIED", {
    happened: `You lack the right "${missing}" and can't give it to others.`,
    unchanged: "Nothing was given.",
  });
}

/** CALL_NOT_IMPLEMENTED on a node without an authority. */
export function trustOf(context: ApiContext): TrustCalls {
  const { trust } = context.var.service;
  if (trust !== undefined) return trust;
  throw fail("CALL_NOT_IMPLEMENTED", {
    happened:
      "This node has no authority that could make certificates: it was restored without, or made by an older clubar.",
    unchanged: "Nothing was changed.",
    next: "Stop its service, run `clubar cluster new-authority`, start it; the other nodes are evicted and join again.",
  });
}
