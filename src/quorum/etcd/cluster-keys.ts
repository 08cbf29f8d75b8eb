/** The cluster keys of a node, in `cluster-keys.json` of its data folder (docs/formats/etcd.md). */
import { fromHex, toHex } from "../../base/bytes.ts";
import { writeFileDurably } from "../../base/durable.ts";
import { fail } from "../../base/errors.ts";
import { Mutex } from "../../base/mutex.ts";
import type { Files, Random } from "../../base/outside.ts";
import { readIfThere } from "../../base/read-if-there.ts";
import type { ClusterKey, ClusterKeys } from "./seal.ts";

/** Keys on their way from node to node, as in the file; secret. The newest is the last. */
export type KeyRing = readonly { readonly id: string; readonly secret: string }[];

/** What a node keeps. */
export interface KeptKeys extends ClusterKeys {
  /** All of them, to be handed to a node of this cluster. */
  ring(): Promise<KeyRing>;
  /** Takes what another node handed over; its newest becomes the newest when `asNewest`. */
  merge(ring: KeyRing, asNewest: boolean): Promise<void>;
  /** Makes a key, which seals here until the nodes have agreed on another. */
  make(): Promise<ClusterKey>;
}

const formatVersion = 1;

/** Name in a data folder. */
export const clusterKeysFile = "cluster-keys.json";

/** `ask` gets the keys of a node that may know more, for a key that is not here; absent: nobody can be asked. */
export function keptKeys(
  files: Files,
  random: Random,
  data: string,
  ask?: (own: KeyRing) => Promise<KeyRing>,
): KeptKeys {
  const path = `${data}/${clusterKeysFile}`;
  const alone = new Mutex();
  const read = async (): Promise<KeyRing> => {
    const bytes = await readIfThere(files, path);
    return bytes === undefined ? [] : decodeRing(path, bytes);
  };
  const write = async (ring: KeyRing): Promise<void> => {
    await files.makeFolder(data);
    await writeFileDurably(files, path, encodeRing(ring), 0o600);
  };
  const kept: KeptKeys = {
    ring: read,
    merge: (ring, asNewest) =>
      alone.run(async () => {
        const own = await read();
        const added = ring.filter(({ id }) => !own.some((one) => one.id === id));
        const older = asNewest ? own.filter(({ id }) => !ring.some((one) => one.id === id)) : added;
        const next = asNewest ? [...older, ...ring] : [...older, ...own];
        if (JSON.stringify(next) !== JSON.stringify(own)) await write(next);
      }),
    begin: () => kept.make(),
    make: () =>
      alone.run(async () => {
        const made = { id: toHex(random.bytes(8)), secret: toHex(random.bytes(32)) };
        await write([...(await read()), made]);
        return keyOf(made);
      }),
    newest: async () => {
      const newest = (await read()).at(-1) ?? (await asked(kept, ask)).at(-1);
      if (newest !== undefined) return keyOf(newest);
      throw fail("NTE_BAD_KEY", {
        happened: `There is no cluster key in ${path}, so no key container can be stored in etcd.`,
        unchanged: "Nothing was written.",
        next: "A node gets the key when it joins: start it while another node of the cluster runs.",
      });
    },
    find: async (id) => {
      const known = (await read()).find((one) => one.id === id);
      const found = known ?? (await asked(kept, ask)).find((one) => one.id === id);
      return found === undefined ? undefined : keyOf(found);
    },
  };
  return kept;
}

async function asked(kept: KeptKeys, ask: ((own: KeyRing) => Promise<KeyRing>) | undefined): Promise<KeyRing> {
  if (ask !== undefined) await kept.merge(checkRing("the leader's answer", await ask(await kept.ring())), true);
  return kept.ring();
}

function keyOf({ id, secret }: KeyRing[number]): ClusterKey {
  return { id, secret: fromHex(secret) };
}

/**
 * The file that has the keys of both: those of `live` are the newest. INVALID_DATA, naming `path`, when either is none; a ring only grows,
 * because older checkpoints are sealed with older keys.
 */
export function mergeRingFiles(path: string, older: Uint8Array, live: Uint8Array | undefined): Uint8Array {
  const [before, now] = [decodeRing(path, older), live === undefined ? [] : decodeRing(path, live)];
  return encodeRing([...before.filter(({ id }) => !now.some((one) => one.id === id)), ...now]);
}

function encodeRing(ring: KeyRing): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ format: formatVersion, keys: ring })}\n`);
}

function decodeRing(path: string, bytes: Uint8Array): KeyRing {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw damagedRing(path);
  }
  const { format, keys } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  if (format !== formatVersion) throw damagedRing(path);
  return checkRing(path, keys);
}

/** INVALID_DATA, saying where it came from and nothing of what it held. */
export function checkRing(from: string, value: unknown): KeyRing {
  const isKey = (one: unknown): one is KeyRing[number] => {
    const { id, secret } = (typeof one === "object" && one !== null ? one : {}) as Record<string, unknown>;
    return (
      typeof id === "string" && typeof secret === "string" && /^[0-9a-f]{16}$/.test(id) && /^[0-9a-f]{64}$/.test(secret)
    );
  };
  if (Array.isArray(value) && value.every(isKey)) return value.map(({ id, secret }) => ({ id, secret }));
  throw damagedRing(from);
}

function damagedRing(from: string): Error {
  return fail("INVALID_DATA", {
    happened: `${from} holds no cluster keys.`,
    unchanged: "Nothing was changed.",
    next: "Put the file back from another node's data folder.",
  });
}
