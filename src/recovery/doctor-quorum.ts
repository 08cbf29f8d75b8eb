/** What is in a quorum folder, whatever state it is in. Read-only; the sentences are what `service`, `doctor` and `force-quorum` say. */
import { failureOf } from "../base/failure-of.ts";
import type { Files, Outside } from "../base/outside.ts";
import { replay } from "../membership/copy-image.ts";
import { loadBelow } from "../quorum/disk/log.ts";
import { currentName, generationFolder, hasCode, readIdentity } from "../quorum/disk/place.ts";
import { retiredName } from "../quorum/disk/generation.ts";
import { movingName, sealedName, whereabouts } from "../quorum/disk/moving.ts";
import { openDiskQuorum } from "../quorum/disk/quorum.ts";
import { isEtcdPlace } from "../quorum/etcd/place.ts";
import { type EtcdMembers, etcdMembers, generationNames, openQuorum } from "../quorum/open.ts";
import type { ClusterIdentity } from "../quorum/quorum.ts";
import { formatTag, type Tag } from "../quorum/tag.ts";
import type { Key } from "../tree/key.ts";

/** How a quorum folder was found; only "in order" carries a cluster. */
export type QuorumCondition =
  | "in order"
  | "missing"
  | "empty"
  | "no folder"
  | "unreadable"
  | "shared"
  | "retired"
  | "unfinished"
  | "current damaged"
  | "current missing"
  | "generation missing"
  | "log damaged"
  | "foreign";

/** One generation's folder; plain data. */
export interface GenerationFact {
  readonly name: string;
  readonly inForce: boolean;
  /** Of its newest state; absent when it can't be read. */
  readonly tag?: string;
  readonly lineage?: string;
  readonly instance?: string;
  /** Why it can't be read. */
  readonly damage?: string;
}

/** A quorum folder; plain data. */
export interface QuorumFact {
  readonly place: string;
  readonly condition: QuorumCondition;
  /** What was seen: one sentence. */
  readonly sentence: string;
  readonly generations: readonly GenerationFact[];
  /** Names of things in the folder that clubar does not know. */
  readonly strangers: readonly string[];
  /** Of an etcd that can be read. */
  readonly members?: EtcdMembers;
}

/** The newest state of a generation. */
export interface LoadedGeneration {
  readonly identity: ClusterIdentity;
  readonly tag: Tag;
  readonly tree: Key;
}

/** Rejects with what makes it unreadable. */
export async function loadGeneration(
  outside: Pick<Outside, "files" | "random">,
  place: string,
  name: string,
): Promise<LoadedGeneration> {
  const loaded = await loadBelow(generationFolder(outside, place, name), Number.POSITIVE_INFINITY);
  if (loaded === undefined) throw new Error(`${place}/generation/${name} has no log`);
  return { identity: loaded.identity, ...replay(loaded) };
}

const known = new Set(["current", "generation", retiredName, sealedName, movingName, "restore.lock"]);

function bareFact(place: string, condition: QuorumCondition, sentence: string): QuorumFact {
  return { place, condition, sentence, generations: [], strangers: [] };
}

/** The generation in force, and the names of the others. */
async function examineEtcd(
  outside: Pick<Outside, "files" | "random">,
  place: string,
  instance: string | undefined,
): Promise<QuorumFact> {
  try {
    const quorum = await openQuorum(outside, place);
    const identity = await quorum.identity();
    if (identity === undefined) return bareFact(place, "empty", `No cluster lives in ${place}.`);
    const { generation, lineage } = identity;
    const name = `${generation}-${lineage}`;
    const found = { name, inForce: true, lineage, instance: identity.instance };
    if (instance !== undefined && identity.instance !== instance) {
      const sentence = `${place} holds another cluster, instance ${identity.instance}, not ${instance}.`;
      return { ...bareFact(place, "foreign", sentence), generations: [found] };
    }
    const tag = formatTag(replay(await quorum.load()).tag);
    const others = (await generationNames(outside.files, place)).filter((one) => one !== name);
    const kept = others.length === 0 ? "" : ` Other generations there: ${others.join(", ")}.`;
    const members = await etcdMembers(outside.files, place);
    const sentence = `The quorum in etcd is in order, at ${tag}.${kept} ${members.sentence}`;
    const rest = others.map((other) => ({ name: other, inForce: false }));
    return { ...bareFact(place, "in order", sentence), generations: [{ ...found, tag }, ...rest], members };
  } catch (error) {
    const failure = failureOf(error);
    const isDamaged = failure.name.startsWith("CLUSTER");
    const members = await etcdMembers(outside.files, place).catch(() => undefined);
    const sentence = `The quorum ${place} can't be read: ${failure.happened} ${members?.sentence ?? ""}`.trim();
    return bareFact(place, isDamaged ? "log damaged" : "unreadable", sentence);
  }
}

/** `instance`: the cluster that should be there; undefined when nobody knows. */
export async function examineQuorum(
  outside: Pick<Outside, "files" | "random">,
  place: string,
  options: { readonly instance?: string; readonly insist?: boolean } = {},
): Promise<QuorumFact> {
  if (isEtcdPlace(place)) return examineEtcd(outside, place, options.instance);
  const { files } = outside;
  const bare = (condition: QuorumCondition, sentence: string): QuorumFact => bareFact(place, condition, sentence);
  try {
    const stat = await files.stat(place);
    if (stat === undefined) return bare("missing", `The quorum folder ${place} is not there.`);
    // A symbolic link is none by itself; what it leads to can be listed or not.
    if (stat.kind === "file") return bare("no folder", `${place} is a file and no folder.`);
    const names = await files.list(place);
    if (names.every((name) => name === "restore.lock"))
      return bare("empty", `The quorum folder ${place} is empty: no cluster lives there.`);
    return await examineFull(outside, place, names, options);
  } catch (error) {
    if (hasCode(error, "ENOTDIR")) return bare("no folder", `${place} is no folder.`);
    return bare("unreadable", `The quorum folder ${place} can't be read: ${failureOf(error).happened}`);
  }
}

async function examineFull(
  outside: Pick<Outside, "files" | "random">,
  place: string,
  names: readonly string[],
  { instance, insist }: { readonly instance?: string; readonly insist?: boolean },
): Promise<QuorumFact> {
  const { files } = outside;
  const strangers = names.filter((name) => !known.has(name) && !/\.tmp~$|^current\.damaged-/.test(name));
  const named = await nameInForce(files, place);
  const generations = await generationsOf(outside, place, "name" in named ? named.name : undefined);
  const found = (condition: QuorumCondition, sentence: string): QuorumFact => ({
    place,
    condition,
    sentence,
    generations,
    strangers,
  });
  try {
    await openDiskQuorum(outside, place, { insist: insist === true });
  } catch (error) {
    const failure = failureOf(error);
    if (failure.name === "INVALID_PARAMETER") return found("shared", failure.happened);
  }
  if ("damage" in named) return found("current damaged", named.damage);
  if (named.name === undefined) {
    const left = await whereabouts(outside, place).catch(() => undefined);
    if (left?.state === "sealed") return found("current missing", movingSentence(place, left.departure.to));
    if (left?.state === "left") return found("retired", `The quorum was moved from ${place} to ${left.departure.to}.`);
    return withoutCurrent(place, names, generations, found);
  }
  const current = generations.find(({ inForce }) => inForce);
  if (current === undefined) {
    return found(
      "generation missing",
      `${place}/current names generation ${named.name}, and there is no finished folder of that name.`,
    );
  }
  if (instance !== undefined && current.instance !== undefined && current.instance !== instance) {
    return found(
      "foreign",
      `The quorum folder ${place} holds another cluster, instance ${current.instance}, not ${instance}.`,
    );
  }
  if (current.damage !== undefined)
    return found("log damaged", `Generation ${current.name} in ${place} can't be read: ${current.damage}`);
  return found("in order", `The quorum ${place} is readable, at ${current.tag ?? ""}.`);
}

function movingSentence(place: string, to: string): string {
  return `The quorum is being moved from ${place} to ${to}: start the service of a node that sees both, which finishes it or goes back.`;
}

function withoutCurrent(
  place: string,
  names: readonly string[],
  generations: readonly GenerationFact[],
  found: (condition: QuorumCondition, sentence: string) => QuorumFact,
): QuorumFact {
  if (names.includes(retiredName)) {
    return found(
      "retired",
      `The quorum folder ${place} was retired on purpose, when its cluster went on in another one (${retiredName}).`,
    );
  }
  const whole = generations.filter(({ tag }) => tag !== undefined).map(({ name }) => name);
  if (whole.length > 0)
    return found(
      "current missing",
      `${place}/current is missing, so nothing is in force; readable generations: ${whole.join(", ")}.`,
    );
  return found("unfinished", `No generation in ${place} is in force, and none can be read: no cluster lives there.`);
}

async function nameInForce(
  files: Files,
  place: string,
): Promise<{ readonly name: string | undefined } | { readonly damage: string }> {
  try {
    return { name: await currentName(files, place) };
  } catch (error) {
    const failure = failureOf(error);
    if (failure.name !== "CLUSTERLOG_CORRUPT") throw error;
    return { damage: failure.happened };
  }
}

async function generationsOf(
  outside: Pick<Outside, "files" | "random">,
  place: string,
  inForce: string | undefined,
): Promise<GenerationFact[]> {
  const folder = `${place}/generation`;
  if ((await outside.files.stat(folder))?.kind !== "folder") return [];
  const facts: GenerationFact[] = [];
  for (const name of await outside.files.list(folder)) {
    const fact = await generationFact(outside, place, name);
    if (fact !== undefined) facts.push({ ...fact, inForce: name === inForce });
  }
  return facts;
}

/** undefined for a folder that was never finished. */
async function generationFact(
  outside: Pick<Outside, "files" | "random">,
  place: string,
  name: string,
): Promise<Omit<GenerationFact, "inForce"> | undefined> {
  let identity: ClusterIdentity | undefined;
  try {
    identity = await readIdentity(generationFolder(outside, place, name));
    if (identity === undefined) return undefined;
    const { tag } = await loadGeneration(outside, place, name);
    return { name, tag: formatTag(tag), lineage: identity.lineage, instance: identity.instance };
  } catch (error) {
    const damage = failureOf(error).happened;
    return identity === undefined
      ? { name, damage }
      : { name, damage, lineage: identity.lineage, instance: identity.instance };
  }
}
