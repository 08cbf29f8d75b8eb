/** The quorum of a node that lives on while its cluster moves to another place (docs/safety.md §5.7). */
import type { CheckpointVersions, Claim, ClaimWho, ClusterIdentity, Leadership, Loaded, Look } from "./quorum.ts";
import type { Proofs, Quorum, Sealing, SnapshotImage } from "./quorum.ts";

/** Every call goes to the quorum of the moment; what was claimed in one before stays there. */
export class ChangingQuorum implements Quorum {
  readonly proofs: Proofs;
  readonly versions: CheckpointVersions;
  #now: Quorum;

  constructor(now: Quorum) {
    this.#now = now;
    this.proofs = {
      write: (proof) => this.#now.proofs.write(proof),
      list: () => this.#now.proofs.list(),
    };
    this.versions = {
      put: (...words) => this.#now.versions.put(...words),
      read: (version) => this.#now.versions.read(version),
      list: (resource) => this.#now.versions.list(resource),
      resources: () => this.#now.versions.resources(),
    };
  }

  use(quorum: Quorum): void {
    const before = this.#now;
    this.#now = quorum;
    void before.letGo?.();
  }

  get kind(): string {
    return this.#now.kind;
  }

  get place(): string {
    return this.#now.place;
  }

  get sealing(): Sealing | undefined {
    return this.#now.sealing;
  }

  identity(): Promise<ClusterIdentity | undefined> {
    return this.#now.identity();
  }

  create(identity: ClusterIdentity, image: SnapshotImage): Promise<void> {
    return this.#now.create(identity, image);
  }

  leader(): Promise<Claim | undefined> {
    return this.#now.leader();
  }

  holderDied(epoch: number): Promise<boolean> {
    return this.#now.holderDied(epoch);
  }

  counter(epoch: number): Promise<number> {
    return this.#now.counter(epoch);
  }

  look(claim: Claim, glance?: boolean): Promise<Look> {
    return this.#now.look(claim, glance);
  }

  claim(after: number, who: ClaimWho): Promise<Leadership | undefined> {
    return this.#now.claim(after, who);
  }

  confirm(epoch: number): Promise<boolean> {
    return this.#now.confirm(epoch);
  }

  load(): Promise<Loaded> {
    return this.#now.load();
  }

  async letGo(): Promise<void> {
    await this.#now.letGo?.();
  }
}
