/** Every copy of the cluster database that can be looked at from here: ClusDb of the nodes, generations of quorum folders. Read-only. */
import { failureOf } from "../base/failure-of.ts";
import type { Outside } from "../base/outside.ts";
import { foldId } from "../database/schema.ts";
import { type NodeState, readState } from "../database/state.ts";
import { compareTags, formatTag, parseTag, type Tag } from "../quorum/tag.ts";
import { type DatabasePlace, readDatabase } from "../restore/restore.ts";
import type { Key } from "../tree/key.ts";
import type { QuorumFact } from "./doctor-quorum.ts";

/** What another node's service is doing, as far as can be known from here. Unknown is not down. */
export interface NodeLife {
  /** "living": member or leader under a quorum; "alone": its service answers and has no leader. */
  readonly state: "living" | "alone" | "stopped" | "unknown";
  /** How that is known, as the end of a sentence. */
  readonly evidence: string;
  /** It answered that who asks is no member of its cluster. */
  readonly deniesUs?: true;
}

/** Asks a node; it saves its copy first when its service runs. May reject, which is unknown. */
export type AskLife = (node: {
  readonly id: string;
  readonly name: string;
  readonly endpoint: string | undefined;
}) => Promise<NodeLife>;

/** A copy of the database. */
export interface Copy {
  /** "ClusDb of node N2", "generation 3-… in /q". */
  readonly label: string;
  /** Name of the node whose copy it is; undefined for a generation of a quorum. */
  readonly node: string | undefined;
  readonly at: DatabasePlace;
  readonly tag: Tag;
  /** "" when it is not known. */
  readonly lineage: string;
  readonly instance: string;
  readonly clusterName: string;
  readonly tree: Key;
}

/** A node of the cluster, and its own copy. */
export interface NodeCopy {
  readonly id: string;
  readonly name: string;
  readonly isSelf: boolean;
  /** Its data folder; undefined when nobody knows where it is. */
  readonly data: string | undefined;
  readonly life: NodeLife;
  readonly copy: Copy | undefined;
  /** Why there is no copy of it. */
  readonly why: string | undefined;
}

/** Where to look. */
export interface CopyParts {
  readonly outside: Pick<Outside, "files" | "random">;
  /** This node's data folder. */
  readonly data: string;
  readonly self: { readonly id: string; readonly name: string };
  /** The cluster that this node belongs to. */
  readonly instance: string;
  readonly askLife: AskLife;
}

/** All copies; those of other clusters are left out. */
export async function gatherCopies(
  parts: CopyParts,
  quorums: readonly QuorumFact[],
): Promise<{ readonly nodes: readonly NodeCopy[]; readonly generations: readonly Copy[] }> {
  const generations = await generationCopies(parts, quorums);
  const own: NodeCopy = {
    ...parts.self,
    isSelf: true,
    data: parts.data,
    life: { state: "stopped", evidence: "it is this node" },
    ...(await copyIn(parts, parts.data, parts.self.name)),
  };
  const nodes = new Map<string, NodeCopy>([[own.id, own]]);
  // A node that joined later is known to newer copies only.
  let trees = [...generations.map(({ tree }) => tree), ...(own.copy === undefined ? [] : [own.copy.tree])];
  while (trees.length > 0) {
    const fresh = new Map<string, NodeState>();
    for (const tree of trees)
      for (const node of readState(tree).nodes.values()) if (!nodes.has(node.id)) fresh.set(node.id, node);
    const found = await Promise.all([...fresh.values()].map((node) => lookAt(parts, node)));
    for (const node of found) nodes.set(node.id, node);
    trees = found.flatMap(({ copy }) => (copy === undefined ? [] : [copy.tree]));
  }
  return { nodes: [...nodes.values()].sort((a, b) => Number(a.id) - Number(b.id)), generations };
}

/** The newest first; a whole generation before a node's copy of the same tag, for it has the files too. */
export function newestFirst(nodes: readonly NodeCopy[], generations: readonly Copy[]): Copy[] {
  const own = nodes.filter(({ isSelf }) => isSelf).flatMap(({ copy }) => copy ?? []);
  const others = nodes.filter(({ isSelf }) => !isSelf).flatMap(({ copy }) => copy ?? []);
  return [...generations, ...own, ...others]
    .map((copy, at) => ({ copy, at }))
    .sort((a, b) => compareTags(b.copy.tag, a.copy.tag) || a.at - b.at)
    .map(({ copy }) => copy);
}

/** Two histories under one generation number: nobody can say which of these is right. */
export function rivals(copies: readonly Copy[]): readonly Copy[] {
  const [newest] = copies;
  if (newest === undefined || newest.lineage === "") return [];
  const others = copies.filter(
    ({ tag, lineage }) => tag.generation === newest.tag.generation && lineage !== "" && lineage !== newest.lineage,
  );
  return others.length === 0 ? [] : [newest, ...others];
}

/** Whether a readable quorum is older than a copy, or of another history under the same generation number. */
export function isBehind(
  { generations }: Pick<QuorumFact, "generations">,
  copy: Pick<Copy, "tag" | "lineage">,
): boolean {
  const current = generations.find(({ inForce }) => inForce);
  const tag = parseTag(current?.tag ?? "");
  if (tag === undefined) return false;
  const other = copy.lineage !== "" && copy.lineage !== current?.lineage && copy.tag.generation === tag.generation;
  return other || compareTags(copy.tag, tag) > 0;
}

async function generationCopies(parts: CopyParts, quorums: readonly QuorumFact[]): Promise<Copy[]> {
  const copies: Copy[] = [];
  for (const { place, generations } of quorums) {
    for (const { name, tag } of generations) {
      if (tag === undefined) continue;
      const at = { kind: "generation", place, name } as const;
      const copy = await readCopy(parts, at, `generation ${name} in ${place}`, undefined).catch(() => undefined);
      if (copy !== undefined && copy.instance === parts.instance) copies.push(copy);
    }
  }
  return copies;
}

async function lookAt(parts: CopyParts, { id, name, endpoint }: NodeState): Promise<NodeCopy> {
  const life = await parts.askLife({ id, name, endpoint }).catch((error: unknown): NodeLife => {
    return { state: "unknown", evidence: `it could not be asked (${failureOf(error).happened})` };
  });
  const data = /^(\/.*)\/run\/rpc\.sock$/.exec(endpoint ?? "")?.[1];
  if (data === undefined)
    return { id, name, isSelf: false, data, life, copy: undefined, why: "it is not known where its data folder is" };
  return { id, name, isSelf: false, data, life, ...(await copyIn(parts, data, name)) };
}

async function copyIn(parts: CopyParts, data: string, name: string): Promise<Pick<NodeCopy, "copy" | "why">> {
  try {
    const copy = await readCopy(parts, { kind: "clusdb", path: `${data}/ClusDb` }, `ClusDb of node ${name}`, name);
    if (copy.instance === parts.instance) return { copy, why: undefined };
    return { copy: undefined, why: `${data}/ClusDb is of another cluster, ${copy.clusterName}` };
  } catch (error) {
    return { copy: undefined, why: `${data}/ClusDb can't be read: ${failureOf(error).happened}` };
  }
}

async function readCopy(
  { outside }: CopyParts,
  at: DatabasePlace,
  label: string,
  node: string | undefined,
): Promise<Copy> {
  const { tree, tag, lineage } = await readDatabase(outside, at);
  const { cluster } = readState(tree);
  return { label, node, at, tag, lineage, instance: foldId(cluster.instance), clusterName: cluster.name, tree };
}

/** `label (tag)` */
export function nameOf({ label, tag }: Pick<Copy, "label" | "tag">): string {
  return `${label} (${formatTag(tag)})`;
}
