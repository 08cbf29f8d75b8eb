/** A value in each node's own registry, under no checkpoint: it tells which restores of the node took effect, and how often. */
import type { NodeRestoreResult } from "../../restore/node/record.ts";
import { findValue, type Key } from "../../tree/key.ts";
import { dword, dwordOf } from "../../tree/value.ts";
import type { Violation } from "../checkers/events.ts";
import type { Workload } from "./workload.ts";

/** What a word may be: the last one acknowledged, or one written since. */
export interface WordRange {
  least: number;
  readonly most: number;
}

const keyPath = "SOFTWARE\\Local";
const valueName = "Word";

/** One a cluster. */
export class NodeWords {
  readonly violations: Violation[] = [];
  readonly #workload: Workload;
  #last = 0;
  /** Begun anew by every restore of the node. */
  readonly #ranges = new Map<string, { least: number; most: number }>();
  readonly #sets = new Map<string, WordRange>();
  readonly #ended = new Set<string>();

  constructor(workload: Workload) {
    this.#workload = workload;
  }

  rangeOf(node: string): WordRange {
    return this.#rangeOf(node);
  }

  /** What the set at `path` has for its node. */
  inSet(path: string, range: WordRange): void {
    this.#sets.set(path, range);
  }

  async write(node: string): Promise<void> {
    const on = this.#workload.cluster.serviceOf(node);
    if (on === undefined) return;
    const range = this.#rangeOf(node);
    const word = ++this.#last;
    range.most = word;
    const edits = [{ kind: "set-value", path: keyPath, value: dword(valueName, word) }] as const;
    const done = await this.#workload.attempt(
      () => on.service.changeRegistry((registry) => registry.transact(edits)),
      10_000,
    );
    if (done !== undefined) range.least = Math.max(range.least, word);
  }

  /** Whether it was told that this restore has ended. */
  isEnded(id: string): boolean {
    return this.#ended.has(id);
  }

  /** The node's start has ended a staged restore. */
  ended(node: string, { id, outcome, set, sentence }: NodeRestoreResult): void {
    if (this.#ended.has(id)) this.#wrong(`The restore ${id} of node ${node} was carried out twice.`);
    this.#ended.add(id);
    const range = this.#sets.get(set);
    if (outcome !== "committed") this.#wrong(`The restore of node ${node} was given up: ${sentence}`);
    else if (range === undefined) this.#wrong(`Node ${node} was restored from ${set}, which nobody finished.`);
    else this.#ranges.set(node, { ...range });
  }

  /** What a node has in its registry. */
  found(node: string, root: Key): void {
    const word = dwordOf(findValue(root, keyPath, valueName)) ?? 0;
    const { least, most } = this.#rangeOf(node);
    if (word < least || word > most)
      this.#wrong(`Node ${node} has the word ${word} of its own, not one from ${least} to ${most}.`);
  }

  #rangeOf(node: string): { least: number; most: number } {
    const known = this.#ranges.get(node) ?? { least: 0, most: 0 };
    this.#ranges.set(node, known);
    return known;
  }

  #wrong(what: string): void {
    this.violations.push({ checker: "node-restores", at: this.#workload.cluster.world.now, what });
  }
}
