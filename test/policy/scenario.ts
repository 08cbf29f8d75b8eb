/**
 * Clusters as compact text, for decisions that are easy to read. One line an object; `#` begins a comment:
 *
 *     now 2026-01-05T12:00:00Z              wall time and hour of the day
 *     cluster ClusterEnforcedAntiAffinity=1
 *     node 2 n2 down waited                 up, down, none, silent, unreported, paused, draining[=ID], proof, left, waited, confirmed,
 *                                           confirmed-by-person, loose, runs=GROUP
 *     group web owner=1 generation=3 …      released, offline, held=, heldOn=, asks, moveTo=, reason=, failed=, displaced=,
 *                                           failovers=-SECONDS@NODE, any property by name (lists with commas)
 *       resource app "Generic Application" online depends=disk possible=1,2 checkpoints request=fail own=0 …
 *     on 1                                  what the node's host runs
 *       app failed since=-60 restarts=-90,-80 restored=GENERATION:FILE under=GENERATION uncaptured reason=…
 */
import { initialDatabase } from "../../src/database/initial-database.ts";
import { commonProperties, type ObjectKind } from "../../src/database/property-tables.ts";
import {
  nodeState,
  resourceState,
  runtimeGroupPath,
  runtimeNodePath,
  runtimeResourcePath,
} from "../../src/database/schema.ts";
import { readState } from "../../src/database/state.ts";
import type { RunningResource } from "../../src/failover/owner.ts";
import { nodeFacts } from "../../src/failover/leader-loop.ts";
import type { NodeFacts } from "../../src/failover/placement.ts";
import { applyEdits, type Edit } from "../../src/tree/edit.ts";
import { fileTime, type Key } from "../../src/tree/key.ts";
import { dword, multiSz, sz, type Value } from "../../src/tree/value.ts";

export interface Scenario {
  readonly tree: Key;
  readonly now: number;
  readonly hour: number;
  readonly nodes: ReadonlyMap<string, NodeFacts>;
  /** By node id, then by resource id. */
  readonly running: ReadonlyMap<string, ReadonlyMap<string, RunningResource>>;
  readonly rounds: number;
}

/** Boot time of every node in scenarios, in milliseconds. */
export const bootTime = 100_000_000;
const epoch = 1;

interface Building {
  readonly edits: Edit[];
  readonly silent: Set<string>;
  readonly runs: Map<string, string[]>;
  readonly running: Map<string, Map<string, RunningResource>>;
  readonly groups: Map<string, string[]>;
  readonly groupOf: Map<string, string>;
  group: string;
  owner: string | undefined;
  generation: number;
  host: string;
  now: number;
  rounds: number;
}

export function parseScenario(text: string): Scenario {
  const building: Building = {
    edits: [
      { kind: "delete-key", path: "Nodes\\1" },
      { kind: "delete-key", path: "Groups" },
      { kind: "delete-key", path: "Runtime" },
    ],
    silent: new Set(),
    runs: new Map(),
    running: new Map(),
    groups: new Map(),
    groupOf: new Map(),
    group: "",
    owner: undefined,
    generation: 0,
    host: "",
    now: Date.parse("2026-01-05T12:00:00Z"),
    rounds: 1,
  };
  for (const line of text.split("\n")) {
    const words = [...line.replace(/#.*$/, "").matchAll(/(?:[^\s"]|"[^"]*")+/g)].map(([word]) =>
      word.replaceAll('"', ""),
    );
    if (words.length > 0) readLine(building, words);
  }
  for (const [group, resources] of building.groups) set(building, `Groups\\${group}`, multiSz("Contains", resources));
  const empty = initialDatabase({
    clusterName: "c",
    instance: "i",
    nodeId: "1",
    nodeName: "n1",
    time: 0n,
    newGuid: counter(),
  });
  const tree = applyEdits(empty, building.edits, fileTime(building.now));
  return {
    tree,
    now: building.now,
    hour: new Date(building.now).getUTCHours(),
    nodes: scenarioFacts(tree, building.silent, building.runs),
    running: building.running,
    rounds: building.rounds,
  };
}

/** What the database says of the nodes, but the silent ones do not answer. */
export function scenarioFacts(
  tree: Key,
  silent: ReadonlySet<string>,
  runs: ReadonlyMap<string, string[]>,
): Map<string, NodeFacts> {
  const facts = new Map(nodeFacts(readState(tree), epoch));
  for (const [id, known] of facts) {
    const reported = runs.get(id);
    facts.set(id, { ...known, up: known.up && !silent.has(id), ...(reported === undefined ? {} : { runs: reported }) });
  }
  return facts;
}

function counter(): () => string {
  let next = 0;
  return () => {
    next += 1;
    return `core-${next}`;
  };
}

function set(building: Building, path: string, ...values: readonly Value[]): void {
  for (const value of values) building.edits.push({ kind: "set-value", path, value });
}

function readLine(building: Building, words: readonly string[]): void {
  const [kind, first = "", ...rest] = words;
  switch (kind) {
    case "now":
      building.now = Date.parse(first);
      return;
    case "rounds":
      building.rounds = Number(first);
      return;
    case "cluster":
      for (const word of [first, ...rest]) property(building, "", "cluster", word);
      return;
    case "node":
      readNode(building, first, rest);
      return;
    case "group":
      readGroup(building, first, rest);
      return;
    case "resource":
      readResource(building, first, rest);
      return;
    case "on":
      building.host = first;
      building.running.set(first, new Map());
      return;
    default:
      readRunning(building, words);
  }
}

function split(word: string): [string, string] {
  const at = word.indexOf("=");
  return at === -1 ? [word, ""] : [word.slice(0, at), word.slice(at + 1)];
}

function property(building: Building, path: string, kind: ObjectKind, word: string): void {
  const [name, text] = split(word);
  if (name === "PreferredOwners") {
    set(building, path, multiSz(name, text.split(",")));
    return;
  }
  const spec = commonProperties[kind].find((one) => one.name === name);
  if (spec === undefined) throw new Error(`no such word in a scenario: ${word}`);
  if (spec.type === "dword") set(building, path, dword(name, Number(text)));
  else if (spec.type === "multi-sz") set(building, path, multiSz(name, text.split(",")));
  else set(building, path, sz(name, text));
}

function readNode(building: Building, id: string, [name = "", ...words]: readonly string[]): void {
  const path = runtimeNodePath(id);
  set(building, `Nodes\\${id}`, sz("NodeName", name));
  if (words.includes("none")) return;
  set(building, path, sz("Incarnation", `life-${id}`), dword("Epoch", epoch), dword("State", nodeState.up));
  for (const word of words) {
    const [what, text] = split(word);
    if (what === "down") set(building, path, dword("State", nodeState.down));
    else if (what === "silent") building.silent.add(id);
    else if (what === "unreported") set(building, path, dword("Epoch", 0));
    else if (what === "runs") building.runs.set(id, text.split(","));
    else if (what === "confirmed-by-person") set(building, path, sz("ConfirmedDown", `life-${id}`));
    else if (what === "loose") set(building, path, dword("Loose", 1));
    else if (what === "paused" || what === "draining")
      set(building, path, dword("Paused", 1), dword("State", nodeState.paused));
    else if (what !== "up") set(building, path, sz("DownBecause", what));
    if (what === "draining")
      set(
        building,
        path,
        dword("NodeDrainStatus", 1),
        dword("NodeDrainTarget", text === "" ? 0xffffffff : Number(text)),
      );
  }
}

function readGroup(building: Building, name: string, words: readonly string[]): void {
  const path = `Groups\\${name}`;
  const runtime = runtimeGroupPath(name);
  building.group = name;
  building.owner = undefined;
  building.groups.set(name, []);
  const given = new Map(words.map(split));
  building.generation = Number(given.get("generation") ?? 0);
  set(building, path, sz("Name", name), dword("PersistentState", given.has("offline") ? 0 : 1));
  if (given.has("generation")) set(building, runtime, dword("OwnershipGeneration", building.generation));
  const texts: Readonly<Record<string, string>> = {
    moveTo: "MoveTo",
    reason: "MoveReason",
    failed: "Failed",
    displaced: "DisplacedFrom",
  };
  for (const [word, text] of given) {
    const value = texts[word];
    if (value !== undefined) set(building, runtime, sz(value, text));
    else if (word === "owner") {
      set(building, runtime, sz("Owner", text));
      building.owner = text;
    } else if (word === "held") set(building, path, sz("Held", text));
    else if (word === "heldOn") set(building, path, sz("HeldOn", text));
    else if (word === "released") set(building, runtime, dword("Released", building.generation));
    else if (word === "asks") set(building, runtime, dword("FailoverRequested", building.generation));
    else if (word === "failovers")
      set(
        building,
        runtime,
        multiSz(
          "Failovers",
          text.split(",").map((one) => failover(building, one)),
        ),
      );
    else if (word !== "generation" && word !== "offline") property(building, path, "group", `${word}=${text}`);
  }
}

/** `-60@1`: 60 seconds ago on node 1. */
function failover(building: Building, text: string): string {
  const [seconds = "", node = "*"] = text.split("@");
  return `${building.now + Number(seconds) * 1000} ${node}`;
}

function readResource(building: Building, name: string, [type = "", ...words]: readonly string[]): void {
  const path = `Resources\\${name}`;
  const runtime = runtimeResourcePath(name);
  building.groups.get(building.group)?.push(name);
  building.groupOf.set(name, building.group);
  set(building, path, sz("Name", name), sz("Type", type), dword("PersistentState", 0xffffffff));
  if (building.owner !== undefined)
    set(building, runtime, sz("Node", building.owner), dword("OwnershipGeneration", building.generation));
  for (const word of words) {
    const [what, text] = split(word);
    const state = resourceState[what as keyof typeof resourceState];
    if (state !== undefined) set(building, runtime, dword("State", state));
    else if (what === "depends") set(building, path, multiSz("DependsOn", text.split(",")));
    else if (what === "possible") set(building, path, multiSz("PossibleOwners", text.split(",")));
    else if (what === "checkpoints") set(building, `${path}\\RegSync`, sz("00000001", `SOFTWARE\\${name}`));
    else if (what === "request") set(building, runtime, sz("Request", text));
    else if (what === "own") set(building, path, dword("PersistentState", Number(text)));
    else property(building, path, "resource", word);
  }
}

function readRunning(building: Building, [name = "", phase = "", ...words]: readonly string[]): void {
  const given = new Map(words.map(split));
  const at = (text: string | undefined): number => bootTime + Number(text ?? 0) * 1000;
  const restarts = given.get("restarts");
  building.running.get(building.host)?.set(name, {
    group: given.get("group") ?? building.groupOf.get(name) ?? "",
    phase: phase as RunningResource["phase"],
    busy: given.has("busy"),
    since: at(given.get("since")),
    restarts: restarts === undefined ? [] : restarts.split(",").map(at),
    restored: given.get("restored")?.replace(":", ": "),
    captured: !given.has("uncaptured"),
    ...(given.has("under") ? { triedUnder: Number(given.get("under")) } : {}),
    reason: given.get("reason") ?? "",
  });
}
