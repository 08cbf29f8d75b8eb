/** An etcd as an end of a move. */
import { fail } from "../../base/errors.ts";
import { failureOf } from "../../base/failure-of.ts";
import { newGuid } from "../../base/guid.ts";
import type { Outside } from "../../base/outside.ts";
import { bytesOf, getAll, textOf } from "../../quorum/etcd/client.ts";
import { decodeLog, decodeVersion } from "../../quorum/etcd/codec.ts";
import {
  buildGeneration,
  currentName,
  electionOf,
  type GenerationParts,
  giveUpGeneration,
  removeGeneration,
  switchGeneration,
} from "../../quorum/etcd/generation.ts";
import { loadGeneration } from "../../quorum/etcd/load.ts";
import { etcdWhereabouts, leaveEtcd, sealEtcd, unsealEtcd } from "../../quorum/etcd/moving.ts";
import { lockEtcdPlace } from "../../quorum/etcd/place-lock.ts";
import { generationKeys, moveKeys } from "../../quorum/etcd/place.ts";
import { nameOf, proofsOf, readVersion } from "../../quorum/etcd/versions.ts";
import { versionFile, versionFolder, type VersionBytes, generationName } from "../../quorum/rules.ts";
import type { QuorumEnd, SealedQuorum } from "./quorum-end.ts";
import { checkReadBack } from "./read-back.ts";

/** Seconds that a mark outlives who left it. */
const markSeconds = 120;

/** `connect` is called when something is asked of it; key containers are opened and sealed with its keys. */
export function etcdEnd(
  outside: Pick<Outside, "random" | "timers">,
  place: string,
  connect: () => Promise<GenerationParts>,
): QuorumEnd {
  const within = async <T>(work: (parts: GenerationParts) => Promise<T>): Promise<T> => work(await connect());
  const bare =
    <T>(work: (client: GenerationParts["client"], prefix: string) => Promise<T>): (() => Promise<T>) =>
    () =>
      within(({ client, prefix }) => work(client, prefix));
  return {
    kind: "etcd",
    place,
    lock: bare((client, prefix) => lockEtcdPlace(outside, client, prefix)),
    claimedBy: bare(async (client, prefix) =>
      textOf((await client.txn({ does: [{ get: moveKeys(prefix).plan }] })).found[0]),
    ),
    whereabouts: bare(etcdWhereabouts),
    seal: (departure) => within(async ({ client, prefix }) => void (await sealEtcd(client, prefix, departure))),
    unseal: (plan) => within(({ client, prefix }) => unsealEtcd(client, prefix, plan)),
    leave: (plan) => within(({ client, prefix }) => leaveEtcd(client, prefix, plan)),
    readSealed: (generation) => within((parts) => readAll(parts, generation)),
    build: ({ identity, image, versions }) => within((parts) => buildGeneration(parts, identity, image, versions)),
    verify: (built) =>
      within(async (parts) => {
        const name = generationName(built.identity);
        checkReadBack(generationKeys(parts.prefix, name).root, await readAll(parts, name), built);
      }),
    isInForce: (identity) =>
      within(async ({ client, prefix }) => (await currentName(client, prefix)) === generationName(identity)),
    giveUp: (identity) => within(({ client, prefix }) => giveUpGeneration(client, prefix, identity)),
    putInForce: (identity) => within(({ client, prefix }) => switchGeneration(client, prefix, identity)),
    discard: (identity) =>
      within(({ client, prefix }) => removeGeneration(client, prefix, generationName(identity))).catch(() => undefined),
    obstacle: () => within(obstacle).catch((error: unknown) => failureOf(error).happened),
    size: bare(sizeInForce),
    room: async () => undefined,
    leaveMark: (mark) =>
      within(async ({ client, prefix }) => {
        const at = `${moveKeys(prefix).root}mark/${mark}`;
        const { id } = await client.grantLease(markSeconds);
        await client.txn({ does: [{ put: at, value: bytesOf(mark), lease: id }] });
        return { at, remove: async () => void (await client.txn({ does: [{ remove: at }] })) };
      }),
    checkMark: (at, mark) => within((parts) => checkMark(outside, parts, at, mark)),
  };
}

async function checkMark(
  { random }: Pick<Outside, "random">,
  { client, prefix }: GenerationParts,
  at: string,
  mark: string,
): Promise<void> {
  if (!at.startsWith(`${moveKeys(prefix).root}mark/`))
    throw fail("INVALID_PARAMETER", { happened: `${at} is no mark of ${client.place}` });
  if (textOf((await client.txn({ does: [{ get: at }] })).found[0]) !== mark)
    throw fail("QUORUM_DISK_NOT_FOUND", { happened: `it does not see the etcd ${client.place} there` });
  const beside = `${at}.${newGuid(random)}`;
  await client.txn({ does: [{ put: beside, value: new Uint8Array() }] });
  await client.txn({ does: [{ remove: beside }] });
}

/** Whatever is below the prefix but traces of moves and marks. */
async function obstacle(parts: GenerationParts): Promise<string | undefined> {
  const { client, prefix } = parts;
  const { found } = await client.txn({ does: [getAll(`${prefix}/`, true)] });
  const strange = (found[0] ?? []).find(({ key }) => !key.startsWith(moveKeys(prefix).root));
  if (strange !== undefined) return `there is something in it already, as ${strange.key}: say another prefix.`;
  await electionOf(parts);
  return undefined;
}

/** Without the updates since the last snapshot, whose size is bounded. */
async function sizeInForce(client: GenerationParts["client"], prefix: string): Promise<number> {
  const name = await currentName(client, prefix);
  const keys = generationKeys(prefix, name ?? "none");
  const { found } = await client.txn({ does: [{ get: keys.log }, getAll(keys.versions)] });
  const [logs = [], versions = []] = found;
  const sizes = [
    ...logs.map((log) => decodeLog(log).snapshot.size),
    ...versions.map((version) => decodeVersion(version).blob.size),
  ];
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function readAll(parts: GenerationParts, name: string): Promise<SealedQuorum> {
  const { client, prefix } = parts;
  const keys = generationKeys(prefix, name);
  const { identity, snapshot, records } = await loadGeneration(client, keys);
  const { found } = await client.txn({ does: [getAll(keys.proofs, true), getAll(keys.versions)] });
  const versions: VersionBytes[] = [];
  for (const stored of found[1] ?? []) {
    const version = nameOf(keys, stored);
    const bytes = await readVersion(parts, keys, version, stored);
    // Only what the database names counts, and that is looked at when it is used.
    if (bytes === undefined) continue;
    versions.push({ name: `${versionFolder(version.resource)}/${versionFile(version)}`, bytes });
  }
  return { identity, snapshot, records, versions, proofs: proofsOf(keys, found[0] ?? []) };
}
