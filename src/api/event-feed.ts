/** What changed in this node's copy of the database, for all who follow it: a short memory, and a bounded summary for each reader. */
import type { Database } from "../database/database.ts";
import { formatTag } from "../quorum/tag.ts";
import { diff } from "../tree/diff.ts";
import type { Key } from "../tree/key.ts";

/** Data of an event `change`. */
export interface ChangeEvent {
  /** The copy has the change from this tag on. */
  readonly tag: string;
  /** Keys below HKLM\Cluster that changed, each once; at most 200, `more` says that there were others. */
  readonly paths: readonly string[];
  readonly more: boolean;
}

const pathsMax = 200;
/** Changes that are remembered for readers that come back. */
const remembered = 256;

/** The changes of one node's copy. Costs nothing while nobody has ever followed it. */
export class EventFeed {
  readonly #database: Database;
  readonly #recent: ChangeEvent[] = [];
  readonly #readers = new Set<(event: ChangeEvent) => void>();
  /** The tag before the oldest change that is remembered. */
  #from: string;

  constructor(database: Database) {
    this.#database = database;
    this.#from = this.tag();
    database.onChange((tree, before, tag) => this.#took(changeEvent(formatTag(tag), before, tree)));
  }

  tag(): string {
    return formatTag(this.#database.tag());
  }

  /** Calls `reader` with every change from now on; returns how to stop that. */
  follow(reader: (event: ChangeEvent) => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  /** What changed after a tag; undefined when that is not remembered. */
  since(tag: string): readonly ChangeEvent[] | undefined {
    if (tag === this.tag()) return [];
    const at = this.#recent.findIndex((event) => event.tag === tag);
    if (at !== -1) return this.#recent.slice(at + 1);
    return tag === this.#from ? [...this.#recent] : undefined;
  }

  #took(event: ChangeEvent): void {
    this.#recent.push(event);
    if (this.#recent.length > remembered) this.#from = this.#recent.shift()?.tag ?? this.#from;
    for (const reader of this.#readers) reader(event);
  }
}

/** What a reader has not been sent yet: all its changes as one, so that a slow reader costs no more than a fast one. */
export class Backlog {
  readonly #paths = new Set<string>();
  #tag: string | undefined;
  #more = false;

  add(event: ChangeEvent): void {
    this.#tag = event.tag;
    this.#more ||= event.more;
    for (const path of event.paths) {
      if (this.#paths.has(path)) continue;
      if (this.#paths.size === pathsMax) this.#more = true;
      else this.#paths.add(path);
    }
  }

  isEmpty(): boolean {
    return this.#tag === undefined;
  }

  /** Takes everything out; undefined when there is nothing. */
  take(): ChangeEvent | undefined {
    if (this.#tag === undefined) return undefined;
    const event = { tag: this.#tag, paths: [...this.#paths], more: this.#more };
    this.#tag = undefined;
    this.#paths.clear();
    this.#more = false;
    return event;
  }
}

function changeEvent(tag: string, before: Key, tree: Key): ChangeEvent {
  const paths = new Set<string>();
  for (const { path } of diff(before, tree)) {
    if (paths.size === pathsMax && !paths.has(path)) return { tag, paths: [...paths], more: true };
    paths.add(path);
  }
  return { tag, paths: [...paths], more: false };
}
