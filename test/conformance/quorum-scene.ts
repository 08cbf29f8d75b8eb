/** The pieces of which tests of quorums are made. */
import assert from "node:assert/strict";
import { Failure } from "../../src/base/errors.ts";
import type { VersionBytes } from "../../src/quorum/rules.ts";
import type {
  ClaimWho,
  ClusterIdentity,
  Leadership,
  Loaded,
  LogRecord,
  Quorum,
  SnapshotImage,
} from "../../src/quorum/quorum.ts";

/** A quorum under test. */
export interface QuorumPlace {
  /** Another node's handle of the same quorum. */
  open(): Promise<Quorum>;
  /** Builds the next generation beside and puts it in force, as a restore does. */
  replace(identity: ClusterIdentity, image: SnapshotImage, versions: readonly VersionBytes[]): Promise<void>;
  /** Makes the holder with this incarnation die. */
  kill(incarnation: string, leadership: Leadership): Promise<void>;
  remove(): Promise<void>;
}

export const instance = "11111111-1111-4111-8111-111111111111";
export const identity: ClusterIdentity = {
  name: "TOWER",
  instance,
  generation: 1,
  lineage: "22222222-2222-4222-8222-222222222222",
};
export const restored: ClusterIdentity = {
  ...identity,
  generation: 2,
  lineage: "33333333-3333-4333-8333-333333333333",
};
export const resource = "44444444-4444-4444-8444-444444444444";

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
export const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export function imageOf(text: string, epoch = 0, sequence = 0, generation = 1): SnapshotImage {
  return { tag: { generation, epoch, sequence }, hive: encode(text) };
}

export function whoOf(node: string): ClaimWho {
  return { node, incarnation: `incarnation-${node}`, endpoint: `/run/${node}`, hostEndpoint: `/run/${node}-host` };
}

export function recordOf(epoch: number, sequence: number, generation = 1): LogRecord {
  return {
    tag: { generation, epoch, sequence },
    time: 1000.5 + sequence,
    body: encode(`update ${sequence} of ${epoch}`),
  };
}

/** What a database would do: the image's text, then every record's, joined; its tag carries the new epoch. */
export function rebuildFor(epoch: number): (loaded: Loaded) => SnapshotImage {
  return (loaded) => {
    const newest = loaded.records.at(-1)?.tag ?? loaded.snapshot.tag;
    return { tag: { ...newest, epoch }, hive: encode(stateOf(loaded).join("\n")) };
  };
}

/** Lines that a loaded state stands for: the image's lines and the records' bodies. */
export function stateOf(loaded: Loaded): string[] {
  return [...decode(loaded.snapshot.hive).split("\n"), ...loaded.records.map((record) => decode(record.body))];
}

/** Claims the next epoch and takes over. */
export async function lead(quorum: Quorum, node: string): Promise<Leadership> {
  const after = (await quorum.leader())?.epoch ?? 0;
  const leadership = await quorum.claim(after, whoOf(node));
  assert.ok(leadership !== undefined, `node ${node} could not claim epoch ${after + 1}`);
  try {
    await leadership.takeOver(rebuildFor(leadership.epoch));
  } catch (error) {
    await leadership.resign();
    throw error;
  }
  return leadership;
}

export function failure(name: string): (error: unknown) => boolean {
  return (error) => error instanceof Failure && error.name === name;
}

export type Scene = () => { place: QuorumPlace; one: Quorum; two: Quorum };
