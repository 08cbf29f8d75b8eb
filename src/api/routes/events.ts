import { streamSSE } from "hono/streaming";
import { formatTag } from "../../quorum/tag.ts";
import { diff } from "../../tree/diff.ts";
import type { Key } from "../../tree/key.ts";
import { type ApiRoutes, routes } from "../request.ts";

/** Data of an event `change`. */
export interface ChangeEvent {
  readonly tag: string;
  /** Keys below HKLM\Cluster that changed, each once; at most 200, `more` says that there were others. */
  readonly paths: readonly string[];
  readonly more: boolean;
}

const pathsMax = 200;

/**
 * GET /events: server-sent events. First `hello`, then `change` with every change of this node's copy; an event's id is the tag. Who
 * lost the connection reads the status again: what happened meanwhile is in it.
 */
export function events(): ApiRoutes {
  return routes().get("/", (context) =>
    streamSSE(context, async (stream) => {
      const { database } = context.var.service;
      const tag = formatTag(database.tag());
      await stream.writeSSE({ event: "hello", id: tag, data: JSON.stringify({ tag }) });
      let last: Promise<void> = Promise.resolve();
      const stop = database.onChange((tree, before) => {
        const event = changeEvent(formatTag(database.tag()), before, tree);
        last = last
          .then(() => stream.writeSSE({ event: "change", id: event.tag, data: JSON.stringify(event) }))
          .catch(() => undefined);
      });
      await new Promise<void>((resolve) => stream.onAbort(resolve));
      stop();
      await last;
    }),
  );
}

function changeEvent(tag: string, before: Key, tree: Key): ChangeEvent {
  const paths = new Set<string>();
  for (const { path } of diff(before, tree)) {
    if (paths.size === pathsMax && !paths.has(path)) return { tag, paths: [...paths], more: true };
    paths.add(path);
  }
  return { tag, paths: [...paths], more: false };
}
