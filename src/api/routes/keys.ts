import * as z from "zod";
import { fail } from "../../base/errors.ts";
import { formatContainerName, parseContainerName } from "../../registry/container-name.ts";
import { type ApiRoutes, bodyOf, queryOf, routes } from "../request.ts";

/** A key container of this node. */
export interface KeyContainerView {
  /** `Type\Name\Key`. */
  readonly name: string;
  readonly algorithm: string;
  readonly exportable: boolean;
}

const create = z.strictObject({
  name: z.string(),
  algorithm: z.enum(["rsa-2048", "ec-p256", "ed25519"]).optional(),
  exportable: z.boolean().optional(),
});
const importing = z.strictObject({ name: z.string(), pem: z.string(), exportable: z.boolean().optional() });
const named = z.strictObject({ name: z.string() });

/** The most bytes that are signed in one request: 16 MiB. */
const longestMessage = 16 * 1024 * 1024;

/**
 * This node's key containers. GET /keys; POST /keys {name, algorithm?, exportable?}, /keys/import {name, pem, exportable?}; DELETE
 * /keys?name=; GET /keys/public?name= (PEM); POST /keys/sign?name= (bytes in, signature out). Exportable unless said otherwise: only
 * such keys can be checkpointed.
 */
export function keys(): ApiRoutes {
  return routes()
    .get("/", (context) => {
      const views = context.var.service.keys
        .list()
        .map((one): KeyContainerView => ({ ...one, name: formatContainerName(one.name) }));
      return context.json(views);
    })
    .post("/", async (context) => {
      const { name, algorithm = "rsa-2048", exportable = true } = await bodyOf(context, create);
      const container = parseContainerName(name);
      const { pending } = await context.var.service.changeKeys((to) => to.create(container, algorithm, exportable));
      return context.json({ done: `Key container ${name} is created (${algorithm}).`, pending }, 201);
    })
    .post("/import", async (context) => {
      const { name, pem, exportable = true } = await bodyOf(context, importing);
      const container = parseContainerName(name);
      const { pending } = await context.var.service.changeKeys((to) => to.importPem(container, pem, exportable));
      return context.json({ done: `The key is imported into container ${name}.`, pending });
    })
    .delete("/", async (context) => {
      const { name } = queryOf(context, named);
      const container = parseContainerName(name);
      const { pending } = await context.var.service.changeKeys((to) => to.delete(container));
      return context.json({ done: `Key container ${name} is deleted.`, pending });
    })
    .get("/public", (context) => {
      const { name } = queryOf(context, named);
      return context.text(context.var.service.keys.publicPem(parseContainerName(name)));
    })
    .post("/sign", async (context) => {
      const { name } = queryOf(context, named);
      const bytes = new Uint8Array(await context.req.arrayBuffer());
      if (bytes.length > longestMessage) throw fail("MORE_DATA", { happened: "At most 16 MiB can be signed at once." });
      const signature = context.var.service.keys.sign(parseContainerName(name), bytes);
      return context.body(signature.slice().buffer, 200, { "content-type": "application/octet-stream" });
    });
}
