/**
 * etcd keeps every state until it is told to forget: the leader's counter alone makes some hundred megabytes of history a day. So whoever
 * confirms also compacts, and when etcd says that its space is used up, room is made before anything else.
 */
import { Mutex } from "../../base/mutex.ts";
import { OutsideError } from "../../base/outside.ts";
import type { EtcdClient } from "./client.ts";

/** States that stay readable at least; at ten confirmations a second some minutes. */
const statesKept = 3000;
/** A member's file is made smaller when it is this large and less than half of it is used. */
const worthDefragmenting = 67_108_864;

/** Looks after the space of one etcd. */
export class SpaceKeeper {
  /** The same etcd; a call that finds no space makes room and is tried once more. */
  readonly client: EtcdClient;
  readonly #etcd: EtcdClient;
  /** A key that whoever asks may read. */
  readonly #key: string;
  readonly #making = new Mutex();
  #compactedBelow = 0;
  #round = 0;

  constructor(etcd: EtcdClient, key: string) {
    this.#etcd = etcd;
    this.#key = key;
    const retried = async <T>(work: () => Promise<T>): Promise<T> => {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof OutsideError && error.code === "ENOSPC")) throw error;
        await this.makeRoom();
        return work();
      }
    };
    this.client = {
      place: etcd.place,
      txn: (transaction) => retried(() => etcd.txn(transaction)),
      grantLease: (seconds) => retried(() => etcd.grantLease(seconds)),
      revokeLease: (id) => etcd.revokeLease(id),
      compact: (revision) => etcd.compact(revision),
      members: () => etcd.members(),
      voters: () => etcd.voters(),
      defragment: (endpoint) => etcd.defragment(endpoint),
      disarm: () => etcd.disarm(),
      close: () => etcd.close(),
    };
  }

  /** To be told of each revision; compacts every few thousand. Never waits, never fails: somebody else may look after this etcd. */
  passed(revision: number): void {
    if (this.#compactedBelow === 0) this.#compactedBelow = revision;
    if (revision < this.#compactedBelow + statesKept) return;
    const below = this.#compactedBelow;
    this.#compactedBelow = revision;
    void this.#tidy(below).catch(() => undefined);
  }

  async #tidy(below: number): Promise<void> {
    await this.#etcd.compact(below);
    // One member a round, so that the others answer meanwhile.
    const members = (await this.#etcd.members()).filter(
      ({ status }) => status !== undefined && status.fileSize > worthDefragmenting && status.used * 2 < status.fileSize,
    );
    const member = members[this.#round++ % Math.max(1, members.length)];
    if (member !== undefined) await this.#etcd.defragment(member.endpoint);
  }

  /** Forgets all but the present, gives the freed space back member by member, and ends the alarm. */
  makeRoom(): Promise<void> {
    return this.#making.run(async () => {
      const { revision } = await this.#etcd.txn({ does: [{ get: this.#key }] });
      await this.#etcd.compact(revision);
      for (const { endpoint, status } of await this.#etcd.members()) {
        if (status !== undefined) await this.#etcd.defragment(endpoint);
      }
      await this.#etcd.disarm();
    });
  }
}
