/**
 * A tree as a cluster: what is in a ClusDb, a `chk????.tmp` or an export of HKLM\Cluster, of clubar's or of Windows'. Reads, never
 * judges: what is not there is left out, what is not known is told as an own subtree. Names: `schema.ts`, clusdb-real §2, wsfc-facts §1.2.
 */
import { toHex } from "../base/bytes.ts";
import { childCount, childOf, childrenOf, type Key, valueCount, valueOf, valuesOf } from "../tree/key.ts";
import { dwordOf, multiSzOf, qwordOf, textOf, type Value } from "../tree/value.ts";
import { tagValueName } from "./apply.ts";
import { foldId, groupValue, persistentState, resourceKey, resourceValue, rootKey, rootValue } from "./schema.ts";

/** A value as people read it: text, number, list; `hex:` and bytes for the rest. */
export type PlainData = string | number | readonly string[];

/** What the database says of a cluster; ids are told beside names, references as names where they are known. */
export interface ClusterView {
  readonly name: string | null;
  readonly instance: string | null;
  readonly tag: string | null;
  readonly nodes: readonly NodeView[];
  readonly groups: readonly GroupView[];
  readonly resources: readonly ResourceView[];
  readonly types: readonly {
    readonly name: string;
    readonly description: string | null;
    readonly dll: string | null;
  }[];
  readonly networks: readonly NetworkView[];
  /** Values of `Quorum`; the resource by its name. */
  readonly quorum: Readonly<Record<string, PlainData>>;
  /** Other values of the root: the cluster's common properties. */
  readonly properties: Readonly<Record<string, PlainData>>;
  /** Subtrees that applications keep in the database, and keys that this version does not know. */
  readonly own: readonly OwnTree[];
  /** Ids that something names and that are not there, as `what → id`. */
  readonly dangling: readonly string[];
}

interface NodeView {
  readonly id: string;
  readonly name: string | null;
  /** `major.minor.build` of Windows. */
  readonly version: string | null;
  readonly weight: number | null;
}

interface GroupView {
  readonly id: string;
  readonly name: string | null;
  readonly persistentState: string;
  readonly preferredOwners: readonly string[];
  readonly resources: readonly string[];
}

interface ResourceView {
  readonly id: string;
  readonly name: string | null;
  readonly type: string | null;
  readonly group: string | null;
  readonly persistentState: string;
  readonly separateMonitor: boolean;
  /** Names; or the expression with names in it. */
  readonly dependsOn: readonly string[];
  readonly possibleOwners: readonly string[];
  readonly parameters: Readonly<Record<string, PlainData>>;
  /** Keys (below HKLM), key containers and folders whose content moves with it. */
  readonly checkpoints: {
    readonly registry: readonly string[];
    readonly crypto: readonly string[];
    readonly directory: readonly string[];
  };
}

interface NetworkView {
  readonly id: string;
  readonly name: string | null;
  readonly role: string;
  readonly address: string | null;
  readonly mask: string | null;
  readonly interfaces: readonly {
    readonly node: string;
    readonly adapter: string | null;
    readonly address: string | null;
  }[];
}

interface OwnTree {
  readonly path: string;
  /** With the key itself. */
  readonly keys: number;
  readonly values: number;
}

/** Whether a tree is that of a cluster. */
export function isClusterDatabase(root: Key): boolean {
  return databaseKeys.every((name) => childOf(root, name) !== undefined);
}

/** The subkeys of the root by which a cluster database is known. */
export const databaseKeys: readonly string[] = [rootKey.nodes, rootKey.groups, rootKey.resources];

/** See `ClusterView`. The names in the view are the stored ones, in the order of the keys. */
export function viewCluster(root: Key): ClusterView {
  return new ClusterReader(root).view();
}

const known = new Set(Object.values(rootKey).map((name) => name.toLowerCase()));
const ownValues: ReadonlySet<string> = new Set([rootValue.clusterName, rootValue.clusterInstanceId, tagValueName]);
const roles = ["none", "internal", "client", "internal and client"] as const;

class ClusterReader {
  readonly #root: Key;
  readonly #nodes: ReadonlyMap<string, string>;
  readonly #groups: ReadonlyMap<string, string>;
  readonly #resources: ReadonlyMap<string, string>;
  readonly #dangling: string[] = [];

  constructor(root: Key) {
    this.#root = root;
    this.#nodes = namesOf(root, rootKey.nodes, "NodeName");
    this.#groups = namesOf(root, rootKey.groups, "Name");
    this.#resources = namesOf(root, rootKey.resources, "Name");
  }

  view(): ClusterView {
    const root = this.#root;
    const groups = below(root, rootKey.groups).map((key) => this.#group(key));
    const groupOf = new Map<string, string>();
    for (const key of below(root, rootKey.groups))
      for (const id of listOf(key, groupValue.contains)) groupOf.set(foldId(id), textAt(key, "Name") ?? key.name);
    return {
      name: textAt(root, rootValue.clusterName),
      instance: textAt(root, rootValue.clusterInstanceId),
      tag: textAt(root, tagValueName),
      nodes: below(root, rootKey.nodes).map(nodeView),
      groups,
      resources: below(root, rootKey.resources).map((key) => this.#resource(key, groupOf)),
      types: below(root, rootKey.resourceTypes).map((key) => ({
        name: key.name,
        description: textAt(key, "Description") ?? textAt(key, "Name"),
        dll: textAt(key, "DllName"),
      })),
      networks: below(root, rootKey.networks).map((key) => this.#network(key)),
      quorum: this.#quorum(),
      properties: this.#properties(),
      own: this.#own(),
      dangling: this.#dangling,
    };
  }

  #group(key: Key): GroupView {
    const what = `group ${textAt(key, "Name") ?? key.name}`;
    return {
      id: key.name,
      name: textAt(key, "Name"),
      persistentState: persistentText(key),
      preferredOwners: this.#named(this.#nodes, listOf(key, groupValue.preferredOwners), what),
      resources: this.#named(this.#resources, listOf(key, groupValue.contains), what),
    };
  }

  #resource(key: Key, groupOf: ReadonlyMap<string, string>): ResourceView {
    const what = `resource ${textAt(key, "Name") ?? key.name}`;
    const parameters = childOf(key, resourceKey.parameters);
    const texts = (name: string): string[] => {
      const folder = childOf(key, name);
      return folder === undefined ? [] : [...valuesOf(folder)].map((value) => textOf(value) ?? value.name);
    };
    return {
      id: key.name,
      name: textAt(key, "Name"),
      type: textAt(key, resourceValue.type),
      group: groupOf.get(foldId(key.name)) ?? null,
      persistentState: persistentText(key),
      separateMonitor: (dwordOf(valueOf(key, "SeparateMonitor")) ?? 0) !== 0,
      dependsOn: this.#dependencies(key, what),
      possibleOwners: this.#named(this.#nodes, listOf(key, resourceValue.possibleOwners), what),
      parameters: parameters === undefined ? {} : plainValues(valuesOf(parameters)),
      checkpoints: {
        registry: texts(resourceKey.regSync),
        crypto: texts(resourceKey.cryptoSync),
        directory: texts(resourceKey.dirSync),
      },
    };
  }

  /** A list of ids, or an expression of them in brackets. */
  #dependencies(key: Key, what: string): readonly string[] {
    const expression = textAt(key, resourceValue.dependsOn);
    if (expression === null) return this.#named(this.#resources, listOf(key, resourceValue.dependsOn), what);
    const named = expression.replace(
      /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi,
      (id) => this.#resources.get(foldId(id)) ?? id,
    );
    return [named];
  }

  #named(names: ReadonlyMap<string, string>, ids: readonly string[], what: string): string[] {
    return ids.map((id) => {
      const name = names.get(foldId(id));
      if (name === undefined) this.#dangling.push(`${what} → ${id}`);
      return name ?? id;
    });
  }

  #network(key: Key): NetworkView {
    const interfaces = below(this.#root, rootKey.networkInterfaces).filter(
      (one) => foldId(textAt(one, "Network") ?? "") === foldId(key.name),
    );
    return {
      id: key.name,
      name: textAt(key, "Name"),
      role: roleText(dwordOf(valueOf(key, "Role"))),
      address: textAt(key, "Address"),
      mask: textAt(key, "AddressMask"),
      interfaces: interfaces.map((one) => ({
        node: this.#nodes.get(foldId(textAt(one, "Node") ?? "")) ?? textAt(one, "Node") ?? one.name,
        adapter: textAt(one, "Adapter") ?? textAt(one, "Name"),
        address: textAt(one, "Address"),
      })),
    };
  }

  #quorum(): Readonly<Record<string, PlainData>> {
    const key = childOf(this.#root, rootKey.quorum);
    if (key === undefined) return {};
    const values = plainValues(valuesOf(key));
    const resource = textAt(key, "Resource");
    const name = resource === null ? undefined : this.#resources.get(foldId(resource));
    return name === undefined ? values : { ...values, Resource: name };
  }

  #properties(): Readonly<Record<string, PlainData>> {
    const values = [...valuesOf(this.#root)].filter(({ name }) => !ownValues.has(name));
    const shown = plainValues(values);
    for (const [name, names] of [
      ["AvailableStorage", this.#groups],
      ["ClusterNameResource", this.#resources],
    ] as const) {
      const text = shown[name];
      if (typeof text === "string") shown[name] = names.get(foldId(text)) ?? text;
    }
    return shown;
  }

  #own(): OwnTree[] {
    const trees = [...childrenOf(this.#root)]
      .filter(({ name }) => !known.has(name.toLowerCase()))
      .map((key) => sizeOf(key.name, key));
    const ofResource = new Set(Object.values(resourceKey).map((name) => name.toLowerCase()));
    for (const resource of below(this.#root, rootKey.resources)) {
      for (const key of childrenOf(resource)) {
        if (ofResource.has(key.name.toLowerCase())) continue;
        trees.push(sizeOf(`${rootKey.resources}\\${resource.name}\\${key.name}`, key));
      }
    }
    return trees;
  }
}

function below(key: Key, name: string): Key[] {
  const folder = childOf(key, name);
  return folder === undefined ? [] : [...childrenOf(folder)];
}

function namesOf(root: Key, folder: string, value: string): ReadonlyMap<string, string> {
  return new Map(below(root, folder).map((key) => [foldId(key.name), textAt(key, value) ?? key.name]));
}

function textAt(key: Key, name: string): string | null {
  return textOf(valueOf(key, name)) ?? null;
}

function listOf(key: Key, name: string): string[] {
  return multiSzOf(valueOf(key, name)) ?? [];
}

function nodeView(key: Key): NodeView {
  const number = (name: string): number | undefined => dwordOf(valueOf(key, name));
  const [major, minor, build] = [number("MajorVersion"), number("MinorVersion"), number("BuildNumber")];
  return {
    id: key.name,
    name: textAt(key, "NodeName"),
    version: major === undefined ? null : [major, minor, build].filter((part) => part !== undefined).join("."),
    weight: number("NodeWeight") ?? null,
  };
}

function persistentText(key: Key): string {
  const state = dwordOf(valueOf(key, "PersistentState"));
  if (state === undefined) return "–";
  if (state === persistentState.online) return "online";
  if (state === persistentState.offline) return "offline";
  return state === persistentState.followGroup ? "as its group" : String(state);
}

function roleText(role: number | undefined): string {
  return role === undefined ? "–" : (roles[role] ?? String(role));
}

function plainValues(values: Iterable<Value>): Record<string, PlainData> {
  return Object.fromEntries([...values].map((value) => [value.name, plainData(value)]));
}

function plainData(value: Value): PlainData {
  return (
    textOf(value) ?? dwordOf(value) ?? multiSzOf(value) ?? qwordOf(value)?.toString() ?? `hex:${toHex(value.data)}`
  );
}

/** Not recursive: an application's subtree may be deep. */
function sizeOf(path: string, top: Key): OwnTree {
  let [keys, values] = [0, 0];
  const waiting = [top];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    keys++;
    values += valueCount(key);
    if (childCount(key) > 0) for (const child of childrenOf(key)) waiting.push(child);
  }
  return { path, keys, values };
}
