import * as z from "zod";
import { fail } from "../../base/errors.ts";
import { type Key, childrenOf, findKey, valuesOf, wallTime } from "../../tree/key.ts";
import type { Edit } from "../../tree/edit.ts";
import { foldName } from "../../tree/path.ts";
import { type ApiRoutes, bodyOf, queryOf, routes } from "../request.ts";
import { type ValueView, valueOfView, valueView } from "../value-view.ts";

/** Answered by GET /registry/key. */
export interface KeyView {
  /** Below HKEY_LOCAL_MACHINE; "" is HKEY_LOCAL_MACHINE itself. */
  readonly path: string;
  /** ISO, UTC. */
  readonly lastWritten: string;
  readonly className: string | null;
  readonly values: readonly ValueView[];
  /** Names. */
  readonly subkeys: readonly string[];
}

/** Answered by what changes the registry of this node. */
export interface RegistryChanged {
  readonly done: string;
  /** Checkpoints whose new version is not committed yet. */
  readonly pending: readonly string[];
}

const path = z.string();
const edit = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("create-key"), path }),
  z.strictObject({ kind: z.literal("delete-key"), path }),
  z.strictObject({
    kind: z.literal("set-value"),
    path,
    value: z.strictObject({ name: z.string(), type: z.string(), data: z.base64() }),
  }),
  z.strictObject({ kind: z.literal("delete-value"), path, name: z.string() }),
]);
const edits = z.strictObject({ edits: z.array(edit).min(1) });
const atPath = z.strictObject({ path });
const named = z.strictObject({ name: z.string().min(1) });

/**
 * This node's registry; paths are below HKEY_LOCAL_MACHINE. GET /registry/key?path=; POST /registry/edits {edits: [{kind, path, …}]}, all
 * or nothing for each hive; GET /registry/hive?path= (the subtree as a hive file), PUT /registry/hive?name= (mounts one), DELETE
 * /registry/hive?name= (takes it away).
 */
export function registry(): ApiRoutes {
  return routes()
    .get("/key", (context) => {
      const query = queryOf(context, atPath);
      return context.json(keyView(query.path, existing(context.var.service.registry.root(), query.path)));
    })
    .post("/edits", async (context) => {
      const request = await bodyOf(context, edits);
      const wanted = request.edits.map(
        (one): Edit => (one.kind === "set-value" ? { ...one, value: valueOfView(one.value) } : one),
      );
      const { pending } = await context.var.service.changeRegistry(async (to) => {
        for (const group of byHive(wanted)) await to.transact(group);
      });
      return context.json({
        done: wanted.length === 1 ? "Done." : `${wanted.length} changes are made.`,
        pending,
      } satisfies RegistryChanged);
    })
    .get("/hive", (context) => {
      const query = queryOf(context, atPath);
      const bytes = context.var.service.registry.save(query.path);
      return context.body(bytes.slice().buffer, 200, { "content-type": "application/octet-stream" });
    })
    .put("/hive", async (context) => {
      const { name } = queryOf(context, named);
      const bytes = new Uint8Array(await context.req.arrayBuffer());
      const { pending } = await context.var.service.changeRegistry((to) => to.load(name, bytes));
      return context.json({ done: `The hive is mounted as HKLM\\${name}.`, pending } satisfies RegistryChanged);
    })
    .delete("/hive", async (context) => {
      const { name } = queryOf(context, named);
      const { pending } = await context.var.service.changeRegistry((to) => to.unload(name));
      return context.json({ done: `HKLM\\${name} is taken away with its file.`, pending } satisfies RegistryChanged);
    });
}

function existing(root: Key, wanted: string): Key {
  const key = findKey(root, wanted);
  if (key !== undefined) return key;
  throw fail("FILE_NOT_FOUND", {
    happened: `There is no registry key HKLM\\${wanted} on this node.`,
    unchanged: "Nothing was changed.",
  });
}

function keyView(wanted: string, key: Key): KeyView {
  return {
    path: wanted,
    lastWritten: new Date(wallTime(key.lastWritten)).toISOString(),
    className: key.className ?? null,
    values: [...valuesOf(key)].map(valueView),
    subkeys: [...childrenOf(key)].map((child) => child.name),
  };
}

/** A transaction changes one hive; the edits of each keep their order. */
function byHive(all: readonly Edit[]): Edit[][] {
  const groups = new Map<string, Edit[]>();
  for (const one of all) {
    const hive = foldName(one.path.split("\\", 1)[0] ?? "");
    const group = groups.get(hive);
    if (group === undefined) groups.set(hive, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}
