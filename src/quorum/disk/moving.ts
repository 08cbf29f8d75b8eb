/**
 * A quorum folder that its cluster leaves for another place. First it is sealed: `current` becomes `current.moving`, and from that rename
 * on nothing is confirmed, claimed or acknowledged in it. Then either it is in force again, or it is left for good. `moving.json`, written
 * before, says where to, so that every node finds the way by itself (docs/formats/quorum-folder.md).
 */
import { writeFileDurably } from "../../base/durable.ts";
import type { Files } from "../../base/outside.ts";
import { readIfThere } from "../../base/read-if-there.ts";
import type { ClusterIdentity } from "../quorum.ts";
import { noCluster } from "../rules.ts";
import { retiredName } from "./generation.ts";
import { currentName, damaged, type DiskOutside, parseJson } from "./place.ts";

/** Names the generation that is sealed. */
export const sealedName = "current.moving";
/** Names where it goes. */
export const movingName = "moving.json";

/** Where a cluster goes from here. */
export interface Departure {
  /** The move's plan, a GUID. */
  readonly plan: string;
  /** Kind and place of the quorum that it goes to. */
  readonly kind: string;
  readonly to: string;
  /** What is in force there afterwards. */
  readonly identity: ClusterIdentity;
}

/** What a quorum folder says of its cluster's whereabouts. */
export type Whereabouts =
  | { readonly state: "here"; readonly generation: string }
  | { readonly state: "sealed"; readonly generation: string; readonly departure: Departure }
  | { readonly state: "left"; readonly generation: string; readonly departure: Departure }
  | { readonly state: "unknown" };

/** CLUSTERLOG_CORRUPT when a file that says it is damaged. */
export async function whereabouts({ files }: Pick<DiskOutside, "files">, place: string): Promise<Whereabouts> {
  const generation = await currentName(files, place);
  if (generation !== undefined) return { state: "here", generation };
  const found = await readDeparture(files, place);
  if (found === undefined) return { state: "unknown" };
  const sealed = await nameIn(files, `${place}/${sealedName}`);
  if (sealed === found.from) return { state: "sealed", generation: sealed, departure: found.departure };
  // What another move left, of an older generation, leads nobody anywhere.
  const retired = await nameIn(files, `${place}/${retiredName}`);
  return retired === found.from
    ? { state: "left", generation: retired, departure: found.departure }
    : { state: "unknown" };
}

/** Durable when it resolves; the name of the generation. May be repeated. QUORUM_DISK_NOT_FOUND when nothing is in force. */
export async function sealQuorumFolder(outside: DiskOutside, place: string, departure: Departure): Promise<string> {
  const { files } = outside;
  const now = await whereabouts(outside, place);
  if (now.state === "sealed" && now.departure.plan === departure.plan) return now.generation;
  if (now.state !== "here") throw noCluster(place);
  await writeFileDurably(files, `${place}/${movingName}`, encodeDeparture(now.generation, departure), 0o600);
  await files.rename(`${place}/current`, `${place}/${sealedName}`);
  await files.syncFolder(place);
  return now.generation;
}

/** What was sealed by this plan is in force again, unless another generation was put in force meanwhile. May be repeated. */
export async function unsealQuorumFolder(outside: DiskOutside, place: string, plan: string): Promise<void> {
  const { files } = outside;
  if (await isSealedBy(outside, place, plan)) await files.rename(`${place}/${sealedName}`, `${place}/current`);
  await files.syncFolder(place);
}

/** What was sealed by this plan is left for good: the cluster is in force where it went. May be repeated. */
export async function leaveQuorumFolder(outside: DiskOutside, place: string, plan: string): Promise<void> {
  const { files } = outside;
  if (await isSealedBy(outside, place, plan)) await files.rename(`${place}/${sealedName}`, `${place}/${retiredName}`);
  await files.syncFolder(place);
}

async function isSealedBy(outside: DiskOutside, place: string, plan: string): Promise<boolean> {
  const where = await whereabouts(outside, place);
  return where.state === "sealed" && where.departure.plan === plan;
}

async function nameIn(files: Files, path: string): Promise<string | undefined> {
  const bytes = await readIfThere(files, path);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes).trim();
}

/** What says which generation was sealed, and where it goes. */
export interface SealedDeparture {
  readonly from: string;
  readonly departure: Departure;
}

async function readDeparture(files: Files, place: string): Promise<SealedDeparture | undefined> {
  const path = `${place}/${movingName}`;
  const bytes = await readIfThere(files, path);
  return bytes === undefined ? undefined : decodeDeparture(path, bytes);
}

/** As JSON. */
export function encodeDeparture(from: string, departure: Departure): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ format: 1, from, ...departure })}\n`);
}

/** CLUSTERLOG_CORRUPT naming `path`. */
export function decodeDeparture(path: string, bytes: Uint8Array): SealedDeparture {
  const { format, from, plan, kind, to, identity } = parseJson(path, bytes);
  const texts = [from, plan, kind, to].every((one) => typeof one === "string");
  if (format !== 1 || !texts || !isIdentity(identity)) throw damaged(path, "a field is missing or of another type");
  const departure = { plan: plan as string, kind: kind as string, to: to as string, identity };
  return { from: from as string, departure };
}

function isIdentity(value: unknown): value is ClusterIdentity {
  const { name, instance, generation, lineage } = (value ?? {}) as Record<string, unknown>;
  return [name, instance, lineage].every((text) => typeof text === "string") && typeof generation === "number";
}
