/** Follows the node's events over `fetch`, because an EventSource can't send the token. */
import { problemOf, type Problem, request } from "./api.ts";

/** One server-sent event. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/** Who hears of it. */
export interface StreamListener {
  readonly onEvent: (event: StreamEvent) => void;
  /** The connection broke or never came; it is tried again after `retryMs`. */
  readonly onLost: (problem: Problem) => void;
}

/** Longer silence than this, in milliseconds, is a lost connection: the node says something every five seconds. */
const silence = 12_000;
const retryMs = 1000;

/**
 * Follows for ever, or until the node refuses the token. Not while nobody looks at the tab: browsers open six connections to a service at
 * most, and many tabs would hold them all.
 */
export async function followEvents(listener: StreamListener): Promise<void> {
  let lastId: string | undefined;
  for (;;) {
    await visible();
    const watch = new AbortController();
    let timer = setTimeout(() => watch.abort(), silence);
    const hide = (): void => {
      if (document.hidden) watch.abort();
    };
    document.addEventListener("visibilitychange", hide);
    try {
      const headers: HeadersInit = lastId === undefined ? {} : { "last-event-id": lastId };
      const { body } = await request("/events", { headers, signal: watch.signal });
      const parser = new StreamParser(listener.onEvent);
      for await (const text of texts(body)) {
        clearTimeout(timer);
        timer = setTimeout(() => watch.abort(), silence);
        parser.take(text);
        lastId = parser.lastId ?? lastId;
      }
      if (!document.hidden) listener.onLost(problemOf(new Error("the connection ended")));
    } catch (error) {
      const problem = problemOf(error);
      if (!document.hidden) listener.onLost(problem);
      if (problem.kind === "denied") return;
    } finally {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", hide);
    }
    if (!document.hidden) await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
}

/** Resolves when the tab is the one that is looked at. */
function visible(): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    look();
  });
}

async function* texts(body: Response["body"]): AsyncGenerator<string, void, undefined> {
  if (body === null) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
}

/** Cuts a stream of texts into events. */
export class StreamParser {
  readonly #onEvent: (event: StreamEvent) => void;
  #rest = "";
  /** The id of the last event that had one. */
  lastId: string | undefined;

  constructor(onEvent: (event: StreamEvent) => void) {
    this.#onEvent = onEvent;
  }

  take(text: string): void {
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    for (const block of blocks) this.#block(block);
  }

  #block(block: string): void {
    let event = "message";
    const data: string[] = [];
    for (const line of block.split("\n")) {
      const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      if (name === "event") event = value;
      if (name === "data") data.push(value);
      if (name === "id") this.lastId = value;
    }
    if (data.length > 0) this.#onEvent({ event, data: data.join("\n") });
  }
}
