/** Who wants to hear about which path. */
import { findKey, type Key } from "../tree/key.ts";

/** The watchers of one registry. */
export class Watchers {
  readonly #watchers = new Set<{ readonly path: string; readonly handler: () => void }>();

  /** Returns how to stop. */
  add(path: string, handler: () => void): () => void {
    const watcher = { path, handler };
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** Calls whoever watches a key that changed, appeared or went, or one above such a key: once each. */
  changed(before: Key, after: Key): void {
    // Who begins to watch in a handler hears of the next change.
    const watching = Array.from(this.#watchers);
    for (const watcher of watching) {
      if (this.#watchers.has(watcher) && findKey(before, watcher.path) !== findKey(after, watcher.path))
        callHandler(watcher.handler);
    }
  }
}

/** A handler that throws is a fault of its own: neither the change, which is durable, nor other handlers suffer. It ends the process. */
export function callHandler(handler: () => void): void {
  try {
    handler();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
