/** Proofs and checkpoint versions as keys of the generation in force. */
import { fail } from "../../base/errors.ts";
import type { Random } from "../../base/outside.ts";
import { damaged } from "../disk/place.ts";
import type { CheckpointVersions, Proof, Proofs, VersionKind, VersionName } from "../quorum.ts";
import { checkProof, checkResource, noVersion, versionFile, versionFolder, versionKinds } from "../rules.ts";
import { readBlob, stageBlob } from "./blob.ts";
import { getAll } from "./client.ts";
import type { Compare, EtcdClient, KeyValue, Transaction } from "./client.ts";
import { decodeSealing, decodeVersion, encodeVersion } from "./codec.ts";
import type { Current } from "./current.ts";
import { within } from "./current.ts";
import type { GenerationKeys } from "./place.ts";
import { isSecret, seal, unseal } from "./seal.ts";
import type { ClusterKey, ClusterKeys } from "./seal.ts";

const highestNumber = 0xffffffff;
/** A reader may look just before the leader removes what it looked at, a writer may lose its number to others. */
const attempts = 64;

/** A proof is the presence of its key. */
export function etcdProofs(current: Current): Proofs {
  return {
    async write(proof: Proof): Promise<void> {
      checkProof(proof);
      await current.run((keys) => ({ does: [{ put: keys.proof(proof), value: new Uint8Array() }] }));
    },
    async list(): Promise<readonly Proof[]> {
      const { keys, found } = await current.run(({ proofs }) => ({ does: [getAll(proofs, true)] }));
      return proofsOf(keys, found[0] ?? []);
    },
  };
}

/** The proofs that keys name. */
export function proofsOf({ proofs }: GenerationKeys, found: readonly KeyValue[]): readonly Proof[] {
  return found.flatMap(({ key }) => {
    const match = /^([0-9]+)\.([0-9A-Za-z-]+)$/.exec(key.slice(proofs.length));
    return match === null ? [] : [{ node: match[1] ?? "", incarnation: match[2] ?? "" }];
  });
}

/** What versions are written and read through. */
export interface VersionParts {
  readonly client: EtcdClient;
  readonly random: Random;
  readonly keys: ClusterKeys;
}

/** Versions in the generation in force. */
export function etcdVersions(parts: VersionParts, current: Current): CheckpointVersions {
  const listIn = async (
    resource: string,
  ): Promise<{ keys: GenerationKeys; versions: readonly VersionName[]; sealing: KeyValue | undefined }> => {
    checkResource(resource);
    const { keys, found } = await current.run(({ versions, sealing }) => ({
      does: [getAll(`${versions}${resource}/`), { get: sealing }],
    }));
    return { keys, versions: (found[0] ?? []).map((each) => nameOf(keys, each)), sealing: found[1]?.[0] };
  };
  return {
    async put(resource: string, kind: VersionKind, atLeast: number, bytes: Uint8Array): Promise<VersionName> {
      for (let attempt = 1; ; attempt++) {
        const { keys, versions, sealing } = await listIn(resource);
        const number = versions.reduce((most, each) => Math.max(most, each.number + 1), Math.max(1, atLeast));
        if (number > highestNumber) throw noNumber(keys, resource);
        const version: VersionName = { resource, number, kind };
        const seals = isSecret(version) ? await sealingKey(parts.keys, sealing) : undefined;
        const unchanged: Compare = sealing ?? { key: keys.sealing, is: "absent" };
        const send = (step: Transaction): ReturnType<typeof commit> =>
          commit(
            current,
            keys,
            seals === undefined ? step : { ...step, compares: [...(step.compares ?? []), unchanged] },
          );
        if (await putVersion(parts, keys, version, bytes, seals, send)) return version;
        if (attempt === attempts) throw contested(version);
      }
    },
    async read(version: VersionName): Promise<Uint8Array> {
      checkResource(version.resource);
      for (let attempt = 1; ; attempt++) {
        const { keys, found } = await current.run(({ version: key }) => ({
          does: [{ get: key(version.resource, version.number) }],
        }));
        const stored = found[0]?.[0];
        if (stored === undefined || nameOf(keys, stored).kind !== version.kind)
          throw noVersion(current.client.place, version);
        const bytes = await readVersion(parts, keys, version, stored);
        if (bytes !== undefined) return bytes;
        if (attempt === attempts) throw damaged(stored.key, "a chunk of it is missing");
      }
    },
    async list(resource: string): Promise<readonly VersionName[]> {
      return (await listIn(resource)).versions;
    },
    async resources(): Promise<readonly string[]> {
      const { keys, found } = await current.run(({ versions }) => ({ does: [getAll(versions, true)] }));
      return [...new Set((found[0] ?? []).map(({ key }) => key.slice(keys.versions.length).split("/")[0] ?? ""))];
    },
  };
}

/** The key on which the nodes agreed; before they did, the newest of this node. NTE_BAD_KEY when nobody who is up has it. */
async function sealingKey(keys: ClusterKeys, sealing: KeyValue | undefined): Promise<ClusterKey> {
  if (sealing === undefined) return keys.newest();
  const { key: id } = decodeSealing(sealing);
  const key = await keys.find(id);
  if (key !== undefined) return key;
  throw fail("NTE_BAD_KEY", {
    happened: `Cluster key ${id}, which seals now, is on no node that answers.`,
    unchanged: "Nothing was written.",
    next: "The leader makes another one in a moment: try again.",
  });
}

/**
 * Writes one version under its own number, if that is free: true. What is secret is sealed with `key`. `send` carries the last transaction
 * out, alone or under comparisons of its own.
 */
export async function putVersion(
  { client, random }: Pick<VersionParts, "client" | "random">,
  keys: GenerationKeys,
  version: VersionName,
  bytes: Uint8Array,
  seals: ClusterKey | undefined,
  send: (
    step: Transaction,
  ) => Promise<{ readonly succeeded: boolean; readonly found: readonly (readonly KeyValue[])[] }>,
): Promise<boolean> {
  const key = isSecret(version) ? seals : undefined;
  if (isSecret(version) && key === undefined) throw new RangeError("this program has no cluster keys");
  const stored = key === undefined ? bytes : seal(key, random, version, bytes);
  const staged = await stageBlob(client, keys, random, stored);
  const place = keys.version(version.resource, version.number);
  const manifest = encodeVersion({ kind: version.kind, blob: staged.ref, sealed: key?.id });
  const { succeeded, found } = await send({
    compares: [{ key: place, is: "absent" }, ...staged.compares],
    does: [...staged.does, { put: place, value: manifest }],
    otherwise: [{ get: place }],
  });
  if (succeeded) return true;
  // The blob's name is random: what names it is this very call, sent twice.
  const taken = found.at(-1)?.[0];
  return taken !== undefined && decodeVersion(taken).blob.id === staged.ref.id;
}

/** The content of a version that a manifest names; undefined when a chunk is missing. */
export async function readVersion(
  { client, keys: clusterKeys }: Pick<VersionParts, "client" | "keys">,
  keys: GenerationKeys,
  version: VersionName,
  stored: KeyValue,
): Promise<Uint8Array | undefined> {
  const { blob, sealed } = decodeVersion(stored);
  const bytes = await readBlob(client, keys, blob);
  if (bytes === "missing") return undefined;
  if (bytes === "damaged") throw damaged(stored.key, "what it names does not have its digest");
  if (sealed === undefined) return bytes;
  const key = await clusterKeys.find(sealed);
  if (key !== undefined) return unseal(key, version, bytes);
  const name = `${versionFolder(version.resource)}/${versionFile(version)}`;
  throw fail("NTE_BAD_KEY", {
    happened: `The checkpoint ${name} is sealed with cluster key ${sealed}, which this node lacks.`,
    unchanged: "Nothing was changed.",
    next: "A node gets the key when it joins: start it while another node of the cluster runs.",
  });
}

/** The version that a key names; CLUSTERLOG_CORRUPT when it names none. */
export function nameOf(keys: GenerationKeys, stored: KeyValue): VersionName {
  const match = /^([0-9a-f-]{36})\/([0-9a-f]{8})$/.exec(stored.key.slice(keys.versions.length));
  const { kind: text } = decodeVersion(stored);
  const kind = versionKinds.find((each) => each === text);
  if (match === null || kind === undefined) throw damaged(stored.key, "it names no version");
  return { resource: match[1] ?? "", number: Number.parseInt(match[2] ?? "", 16), kind };
}

async function commit(
  current: Current,
  keys: GenerationKeys,
  step: Transaction,
): Promise<{ succeeded: boolean; found: readonly (readonly KeyValue[])[] }> {
  const { state, found } = await within(current.client, keys, step);
  if (state === "replaced") await current.look();
  return { succeeded: state === "done", found: state === "replaced" ? [] : found };
}

function noNumber(keys: GenerationKeys, resource: string): Error {
  return fail("CLUSTERLOG_NOT_ENOUGH_SPACE", {
    happened: `No checkpoint number is free in ${keys.versions}${resource}.`,
    unchanged: "Nothing was written.",
  });
}

function contested(version: VersionName): Error {
  return fail("BUSY", {
    happened: `Checkpoint versions of ${version.resource} are written by too many at once.`,
    unchanged: "Nothing of this one counts.",
    next: "Try again.",
  });
}
