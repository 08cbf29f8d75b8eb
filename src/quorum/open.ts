/**
 * Opens a quorum by its place, whatever it is made of: an absolute path is a directory, `etcd:…` an etcd. Callers need not know which;
 * the etcd's client is loaded only when there is one.
 */
import type { Files, Outside } from "../base/outside.ts";
import { generationName } from "./rules.ts";
import { createQuorumFolder, openDiskQuorum, retireQuorumFolder, switchQuorumFolder } from "./disk/quorum.ts";
import { loadBelow } from "./disk/log.ts";
import { currentName as currentFolderName, generationFolder } from "./disk/place.ts";
import type { EtcdClient } from "./etcd/client.ts";
import { type KeptKeys, type KeyRing, keptKeys } from "./etcd/cluster-keys.ts";
import type { GenerationParts } from "./etcd/generation.ts";
import { type EtcdPlace, formatEtcdPlace, generationKeys, isEtcdPlace, parseEtcdPlace } from "./etcd/place.ts";
import type { ClusterIdentity, Loaded, Quorum, SnapshotImage } from "./quorum.ts";
import { type VersionBytes, noCluster, parseVersionPath } from "./rules.ts";
import type { VersionName } from "./quorum.ts";

/** What every opening needs. */
export type QuorumOutside = Pick<Outside, "files" | "random">;

/** What a person decided, and who opens. */
export interface OpenOptions {
  /** Of a directory: takes a file system whose locks can't be trusted. */
  readonly insist?: boolean;
  /** Of an etcd: the node's data folder, where its cluster keys are. Without it no `.CPR` can be read or written. */
  readonly data?: string | undefined;
  /** Of an etcd: gets the cluster keys that another node has, for one that is not here. */
  readonly askKeys?: ((own: KeyRing) => Promise<KeyRing>) | undefined;
  /** Of an etcd: opens it although it does not answer now; every call asks it anew. */
  readonly patient?: boolean;
}

/** Fails with INVALID_PARAMETER on a place that is none, TIMEOUT when an etcd does not answer. */
export async function openQuorum(outside: QuorumOutside, place: string, options: OpenOptions = {}): Promise<Quorum> {
  if (!isEtcdPlace(place)) return openDiskQuorum(outside, place, { insist: options.insist === true });
  const [{ openEtcdQuorum }, parts] = await Promise.all([import("./etcd/quorum.ts"), partsOf(outside, place, options)]);
  return openEtcdQuorum({ ...parts, place, patient: options.patient === true });
}

/** As it is kept in a node's record: an etcd's place with the election timeout that the cluster was created with, or is to be. */
export async function settledPlace(
  outside: QuorumOutside,
  place: string,
  how: "create" | "join" | "restore",
): Promise<string> {
  if (!isEtcdPlace(place)) return place;
  const { currentName, electionOf } = await import("./etcd/generation.ts");
  const { decodeIdentity } = await import("./etcd/codec.ts");
  const parts = await partsOf(outside, place, {});
  const { client, prefix } = parts;
  const settled = (election: number): string => formatEtcdPlace({ ...parseEtcdPlace(place), election });
  if (how === "create") return settled(await electionOf(parts));
  const name = await currentName(client, prefix);
  const { found } = await client.txn({ does: [{ get: generationKeys(prefix, name ?? "none").identity }] });
  const stored = found[0]?.[0];
  if (stored === undefined && how === "restore") return settled(await electionOf(parts));
  if (stored === undefined) throw noCluster(place);
  return settled(decodeIdentity(stored).election);
}

/** A generation of a quorum, in force or not. */
export interface GenerationPlace {
  readonly place: string;
  readonly identity: Pick<ClusterIdentity, "generation" | "lineage">;
  /** As for `OpenOptions`. */
  readonly data?: string | undefined;
}

/** Builds a whole generation, durable but not in force; see `createQuorumFolder`. */
export async function buildGeneration(
  outside: QuorumOutside,
  { place, data }: Omit<GenerationPlace, "identity">,
  identity: ClusterIdentity,
  image: SnapshotImage,
  versions: Iterable<VersionBytes> | AsyncIterable<VersionBytes> = [],
): Promise<void> {
  if (!isEtcdPlace(place)) return createQuorumFolder(outside, place, identity, image, versions);
  const etcd = await import("./etcd/generation.ts");
  await etcd.buildGeneration(await partsOf(outside, place, { data }), identity, image, versions);
}

/** Puts a restored generation in force by one step; see `switchQuorumFolder`. */
export async function switchGeneration(outside: QuorumOutside, { place, identity }: GenerationPlace): Promise<void> {
  if (!isEtcdPlace(place)) return switchQuorumFolder(outside, place, identity);
  const etcd = await import("./etcd/generation.ts");
  const { client, prefix } = await partsOf(outside, place, {});
  await etcd.switchToRestored(client, prefix, identity);
}

/** Takes a quorum out of force for good; see `retireQuorumFolder`. */
export async function retireQuorum(outside: QuorumOutside, place: string): Promise<boolean> {
  if (!isEtcdPlace(place)) return retireQuorumFolder(outside, place);
  const etcd = await import("./etcd/generation.ts");
  const { client, prefix } = await partsOf(outside, place, {});
  return etcd.retireGeneration(client, prefix);
}

/** The name of the generation in force; undefined when there is none. */
export async function generationInForce(files: Files, place: string): Promise<string | undefined> {
  if (!isEtcdPlace(place)) return currentFolderName(files, place);
  const etcd = await import("./etcd/generation.ts");
  const parsed = parseEtcdPlace(place);
  return etcd.currentName(await clientOf(files, parsed), parsed.prefix);
}

/** Names of all generations, finished or not. */
export async function generationNames(files: Files, place: string): Promise<readonly string[]> {
  if (!isEtcdPlace(place)) {
    const path = `${place}/generation`;
    return (await files.stat(path))?.kind === "folder" ? files.list(path) : [];
  }
  const etcd = await import("./etcd/generation.ts");
  const parsed = parseEtcdPlace(place);
  return etcd.generationNames(await clientOf(files, parsed), parsed.prefix);
}

/** What a generation holds, in force or not; undefined when it has no log. */
export async function readGeneration(
  outside: QuorumOutside,
  { place, identity, data }: GenerationPlace,
): Promise<{ readonly loaded: Loaded; readonly version: (name: string) => Promise<Uint8Array> } | undefined> {
  const name = generationName(identity);
  if (!isEtcdPlace(place)) {
    const folder = generationFolder(outside, place, name);
    const loaded = await loadBelow(folder, Number.POSITIVE_INFINITY);
    return loaded && { loaded, version: (file) => outside.files.read(`${folder.path}/${file}`) };
  }
  const { loadGeneration } = await import("./etcd/load.ts");
  const { readVersion } = await import("./etcd/versions.ts");
  const parts = await partsOf(outside, place, { data });
  const keys = generationKeys(parts.prefix, name);
  const version = async (file: string): Promise<Uint8Array> => {
    const named: VersionName = parseVersionPath(file);
    const { found } = await parts.client.txn({ does: [{ get: keys.version(named.resource, named.number) }] });
    const stored = found[0]?.[0];
    return (stored && (await readVersion(parts, keys, named, stored))) ?? new Uint8Array();
  };
  return { loaded: await loadGeneration(parts.client, keys), version };
}

/** Takes away what was built and is not in force. */
export async function discardGeneration(outside: QuorumOutside, { place, identity }: GenerationPlace): Promise<void> {
  if (!isEtcdPlace(place)) return;
  const etcd = await import("./etcd/generation.ts");
  const { client, prefix } = await partsOf(outside, place, {});
  await etcd.removeGeneration(client, prefix, generationName(identity));
}

/** What the keys of an etcd are read and written through, for a move. Its key ring is made when it seals something. */
export function etcdParts(
  outside: QuorumOutside,
  place: string,
  options: { readonly data?: string | undefined } = {},
): Promise<GenerationParts> {
  return partsOf(outside, place, options);
}

/** The members of an etcd. */
export interface EtcdMembers {
  /** Those that its place names, with the space that each takes. */
  readonly sentence: string;
  /** How many count for its majority; undefined when nobody could say. */
  readonly voters: number | undefined;
  /** Endpoints that the place names, and those of them that do not answer. */
  readonly endpoints: number;
  readonly silent: readonly string[];
}

/** What its members say. */
export async function etcdMembers(files: Files, place: string): Promise<EtcdMembers> {
  const client = await clientOf(files, parseEtcdPlace(place));
  const members = await client.members();
  const answering = members.filter(({ status }) => status !== undefined).length;
  const voters = answering === 0 ? undefined : await client.voters().catch(() => undefined);
  const states = members.map(({ endpoint, status }) => {
    if (status === undefined) return `${endpoint} does not answer`;
    const { version, isLeader, fileSize, used, errors } = status;
    const trouble = errors.length === 0 ? "" : `, complains: ${errors.join(", ")}`;
    return `${endpoint} (etcd ${version}${isLeader ? ", leader" : ""}) takes ${mebibytes(fileSize)}, ${mebibytes(used)} in use${trouble}`;
  });
  return {
    sentence: `${answering} of ${members.length} members answer: ${states.join("; ")}.`,
    voters,
    endpoints: members.length,
    silent: members.filter(({ status }) => status === undefined).map(({ endpoint }) => endpoint),
  };
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

/** One connection for each etcd in a process. */
const clients = new Map<string, Promise<EtcdClient>>();

async function clientOf(files: Files, place: EtcdPlace): Promise<EtcdClient> {
  const name = formatEtcdPlace({ ...place, prefix: "/any" });
  const known = clients.get(name);
  if (known !== undefined) return known;
  const opened = import("./etcd/connect.ts").then(({ connectEtcd }) => connectEtcd(files, place));
  clients.set(name, opened);
  opened.catch(() => clients.delete(name));
  return opened;
}

async function partsOf(
  outside: QuorumOutside,
  place: string,
  options: Pick<OpenOptions, "data" | "askKeys">,
): Promise<GenerationParts> {
  const parsed = parseEtcdPlace(place);
  const { data, askKeys } = options;
  const kept: KeptKeys | undefined =
    data === undefined ? undefined : keptKeys(outside.files, outside.random, data, askKeys);
  return {
    client: await clientOf(outside.files, parsed),
    prefix: parsed.prefix,
    random: outside.random,
    keys: kept ?? noKeys,
    election: parsed.election,
  };
}

/** Whoever opened without a data folder. */
const noKeys: GenerationParts["keys"] = {
  begin: async () => undefined,
  newest: () => Promise.reject(new RangeError("this program has no cluster keys")),
  find: async () => undefined,
};
