import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import type { Database } from "../../database/database.ts";
import { Backlog, EventFeed } from "../event-feed.ts";
import type { NodeService } from "../node-service.ts";
import { type ApiRoutes, routes } from "../request.ts";

/** How often a stream looks whether the node itself is in another state, in milliseconds. */
const look = 1000;
/** After so many looks without an event a comment says that the connection lives. */
const quietLooks = 5;

/** Data of an event `hello`. */
export interface HelloEvent {
  readonly tag: string;
  /** The reader had followed before, and what changed meanwhile is no longer known: it must read everything again. */
  readonly missed: boolean;
}

/** Data of an event `state`: the node itself is in another state, which no change of the database tells. */
export interface StateEvent {
  readonly state: string;
  readonly because: string;
}

/**
 * GET /events: server-sent events. First `hello`; then `change` for the changes of this node's copy, several as one when the reader is
 * slow; `state` when the node itself is in another state. An event's id is the tag; with `last-event-id` the changes since then come
 * first. A comment comes at least every five seconds.
 */
export function events(): ApiRoutes {
  const feeds = new WeakMap<Database, EventFeed>();
  const feedOf = (database: Database): EventFeed => {
    const feed = feeds.get(database) ?? new EventFeed(database);
    feeds.set(database, feed);
    return feed;
  };
  return routes().get("/", (context) => {
    const { service } = context.var;
    const lastId = context.req.header("last-event-id");
    context.header("cache-control", "no-store");
    return streamSSE(context, (stream) => tell(stream, service, feedOf(service.database), lastId));
  });
}

async function tell(
  stream: SSEStreamingApi,
  service: NodeService,
  feed: EventFeed,
  lastId: string | undefined,
): Promise<void> {
  const backlog = new Backlog();
  let wake = Promise.withResolvers<void>();
  const stop = feed.follow((event) => {
    backlog.add(event);
    wake.resolve();
  });
  stream.onAbort(() => wake.resolve());
  try {
    const since = lastId === undefined ? [] : feed.since(lastId);
    const hello: HelloEvent = { tag: feed.tag(), missed: since === undefined };
    for (const event of since ?? []) backlog.add(event);
    await stream.writeSSE({ event: "hello", id: lastId ?? hello.tag, data: JSON.stringify(hello) });
    let known = situationOf(service);
    for (let quiet = 0; !stream.aborted; ) {
      const change = backlog.take();
      const now = situationOf(service);
      if (change !== undefined)
        await stream.writeSSE({ event: "change", id: change.tag, data: JSON.stringify(change) });
      if (now !== known) await stream.writeSSE({ event: "state", data: JSON.stringify(stateOf(service)) });
      if (change === undefined && now === known) quiet += 1;
      else quiet = 0;
      if (quiet > 0 && quiet % quietLooks === 0) await stream.write(": quiet\n\n");
      known = now;
      wake = backlog.isEmpty() ? Promise.withResolvers<void>() : wake;
      await Promise.race([wake.promise, stream.sleep(look)]);
    }
  } finally {
    stop();
  }
}

function stateOf(service: NodeService): StateEvent {
  const { state, because } = service.status();
  return { state, because };
}

/** Everything of the status that changes without the database. */
function situationOf(service: NodeService): string {
  const { state, because, leader, waits, permitEndsAt } = service.status();
  const pending = service.checkpoints.pending().map(({ path, why }) => `${path}: ${why}`);
  return JSON.stringify([state, because, leader?.epoch, waits, permitEndsAt > 0, pending]);
}
