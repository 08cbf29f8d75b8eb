/** Building the body of an update out of the tree that was read, so that it applies only while that is still so. */
import type { Edit } from "../tree/edit.ts";
import { type Key, keyFinder, valueOf } from "../tree/key.ts";
import { dword, dwordOf, type Value } from "../tree/value.ts";
import { structureCounter } from "./schema.ts";
import type { Condition, Update } from "./update.ts";

/** An update without its request id: whoever submits it makes one. */
export type Change = Omit<Update, "requestId">;

/** Collects conditions and edits; every method returns the builder. */
export class ChangeBuilder {
  readonly #find: (path: string) => Key | undefined;
  readonly #conditions = new Map<string, Condition>();
  readonly #edits: Edit[] = [];

  constructor(tree: Key) {
    this.#find = keyFinder(tree);
  }

  /** Refuse when the value is not what was read (absent counts). */
  unchanged(path: string, ...names: readonly string[]): this {
    for (const name of names) {
      const data = this.#read(path, name)?.data;
      this.#conditions.set(`v\0${path}\0${name}`, { kind: "value-equals", path, name, data });
    }
    return this;
  }

  /** Refuse when the value is not this one. */
  is(path: string, { name, data }: Value): this {
    this.#conditions.set(`v\0${path}\0${name}`, { kind: "value-equals", path, name, data });
    return this;
  }

  exists(path: string): this {
    this.#conditions.set(`e\0${path}`, { kind: "key-exists", path });
    return this;
  }

  absent(path: string): this {
    this.#conditions.set(`a\0${path}`, { kind: "key-absent", path });
    return this;
  }

  /**
   * For changes of names, dependencies and membership of groups, which depend on more than a few values (no other group has this
   * name, no circle): two of them never apply side by side.
   */
  structure(): this {
    const { path, name } = structureCounter;
    const changes = dwordOf(this.#read(path, name)) ?? 0;
    return this.unchanged(path, name).set(path, dword(name, (changes + 1) % 0xffffffff));
  }

  set(path: string, ...values: readonly Value[]): this {
    for (const value of values) this.#edits.push({ kind: "set-value", path, value });
    return this;
  }

  remove(path: string, ...names: readonly string[]): this {
    for (const name of names) {
      if (this.#read(path, name) !== undefined) this.#edits.push({ kind: "delete-value", path, name });
    }
    return this;
  }

  createKey(path: string): this {
    this.#edits.push({ kind: "create-key", path });
    return this;
  }

  deleteKey(path: string): this {
    this.#edits.push({ kind: "delete-key", path });
    return this;
  }

  #read(path: string, name: string): Value | undefined {
    const key = this.#find(path);
    return key === undefined ? undefined : valueOf(key, name);
  }

  build(because: string): Change {
    return { conditions: [...this.#conditions.values()], edits: this.#edits, because };
  }
}
