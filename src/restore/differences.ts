/** What a restore changes, for people: objects added, removed and changed, and a line for each value. Pure. */
import { foldId, rootKey } from "../database/schema.ts";
import { type ClusterState, readState } from "../database/state.ts";
import { diff, type Difference } from "../tree/diff.ts";
import type { Key } from "../tree/key.ts";
import { splitPath } from "../tree/path.ts";
import { dwordOf, multiSzOf, textOf, type Value } from "../tree/value.ts";

/** How many objects of a kind. */
export interface ChangeCount {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
}

/** Kinds of objects that changes are counted by. */
export type ObjectName = "groups" | "resources" | "nodes" | "checkpoints" | "resourceTypes" | "other";

/** All changes; `lines` are at most `mostLines`, `more` says how many were left out. */
export interface Changes {
  readonly counts: Readonly<Record<ObjectName, ChangeCount>>;
  readonly lines: readonly string[];
  readonly more: number;
}

const mostLines = 1000;

interface Place {
  readonly kind: ObjectName;
  readonly id: string;
  /** How the object is called: `group "web"`. */
  readonly title: string;
  /** Whether the path is the object's own key. */
  readonly whole: boolean;
  /** Where below the object. */
  readonly inside: string;
}

/** From the present configuration to the restored one. Checkpoint versions count by the checkpoint, not by each file. */
export function changesBetween(present: Key, restored: Key): Changes {
  const states = [readState(restored), readState(present)];
  const seen = new Map<ObjectName, Map<string, keyof ChangeCount>>();
  const lines: string[] = [];
  let more = 0;
  for (const difference of diff(present, restored)) {
    const place = placeOf(difference, states);
    if (place === undefined) continue;
    const objects = seen.get(place.kind) ?? new Map<string, keyof ChangeCount>();
    seen.set(place.kind, objects);
    const whole = place.whole ? wholeChange(difference) : undefined;
    objects.set(place.id, whole ?? objects.get(place.id) ?? "changed");
    if (lines.length < mostLines) lines.push(describe(difference, place));
    else more++;
  }
  const count = (kind: ObjectName): ChangeCount => {
    const kinds = [...(seen.get(kind)?.values() ?? [])];
    const of = (how: keyof ChangeCount): number => kinds.filter((each) => each === how).length;
    return { added: of("added"), removed: of("removed"), changed: of("changed") };
  };
  return {
    counts: {
      groups: count("groups"),
      resources: count("resources"),
      nodes: count("nodes"),
      checkpoints: count("checkpoints"),
      resourceTypes: count("resourceTypes"),
      other: count("other"),
    },
    lines,
    more,
  };
}

function wholeChange({ kind }: Difference): keyof ChangeCount | undefined {
  return kind === "key-added" ? "added" : kind === "key-removed" ? "removed" : undefined;
}

const containers = new Map<string, readonly [ObjectName, string]>([
  [rootKey.groups.toLowerCase(), ["groups", "group"]],
  [rootKey.resources.toLowerCase(), ["resources", "resource"]],
  [rootKey.nodes.toLowerCase(), ["nodes", "node"]],
  [rootKey.resourceTypes.toLowerCase(), ["resourceTypes", "resource type"]],
]);

/** undefined for bookkeeping that tells a person nothing: details of checkpoint versions and counters. */
function placeOf(difference: Difference, states: readonly ClusterState[]): Place | undefined {
  const [top = "", object, ...rest] = splitPath(difference.path);
  const [kind, word] = containers.get(top.toLowerCase()) ?? ["other", ""];
  if (object === undefined || kind === "other") {
    const title = difference.path === "" ? "cluster" : difference.path;
    return kind === "other" ? { kind, id: title, title, whole: false, inside: "" } : undefined;
  }
  const title = `${word} "${nameOf(kind, object, states)}"`;
  const id = foldId(object);
  const [first = ""] = rest;
  if (kind === "resources" && /^(RegSync|CryptoSync|DirSync)$/i.test(first)) {
    const path = pathOf(difference);
    return {
      kind: "checkpoints",
      id: `${id} ${path ?? first}`,
      title: `checkpoint ${path ?? first} of ${title}`,
      whole: false,
      inside: "",
    };
  }
  if (kind === "resources" && /^Checkpoints$/i.test(first)) return undefined;
  return { kind, id, title, whole: rest.length === 0, inside: rest.join("\\") };
}

function pathOf(difference: Difference): string | undefined {
  if (!("name" in difference)) return undefined;
  return textOf(difference.after ?? difference.before);
}

function nameOf(kind: ObjectName, key: string, states: readonly ClusterState[]): string {
  const id = foldId(key);
  for (const state of states) {
    const found =
      kind === "groups"
        ? state.groups.get(id)
        : kind === "resources"
          ? state.resources.get(id)
          : kind === "nodes"
            ? state.nodes.get(key)
            : undefined;
    if (found !== undefined) return found.name;
  }
  return key;
}

function describe(difference: Difference, { kind, title, inside }: Place): string {
  const where = inside === "" ? title : `${title}, ${inside}`;
  if (kind === "checkpoints" && "name" in difference) {
    const version = /^[0-9a-f]{8}$/i.test(difference.name) ? Number.parseInt(difference.name, 16) : difference.name;
    return difference.kind === "value-removed"
      ? `${where}: version ${version} is current no more`
      : `${where}: version ${version} becomes current`;
  }
  switch (difference.kind) {
    case "key-added":
      return `${where} comes back`;
    case "key-removed":
      return `${where} goes`;
    case "value-added":
      return `${where}: ${nameOfValue(difference.name)} = ${show(difference.after)}`;
    case "value-removed":
      return `${where}: ${nameOfValue(difference.name)} goes (was ${show(difference.before)})`;
    case "value-changed":
      return `${where}: ${nameOfValue(difference.name)} ${show(difference.before)} → ${show(difference.after)}`;
    case "key-changed":
      return `${where}: its ${difference.what} changes`;
  }
}

const nameOfValue = (name: string): string => (name === "" ? "(default)" : name);

const longestShown = 120;

function show(value: Value | undefined): string {
  if (value === undefined) return "nothing";
  const number = dwordOf(value);
  if (number !== undefined) return String(number);
  const text = textOf(value) ?? multiSzOf(value)?.join(", ");
  if (text === undefined) return `${value.data.length} bytes`;
  return JSON.stringify(text.length > longestShown ? `${text.slice(0, longestShown)}…` : text);
}
