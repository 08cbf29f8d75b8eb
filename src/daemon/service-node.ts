/**
 * The service of a node over all its lives. It holds what outlives a life (copy of the database, registry, keys, API) and
 * runs one life after the other; a restore is carried out between two of them.
 */
import { type Failure, fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Listener } from "../base/outside.ts";
import type {
  CheckpointCall,
  FrozenNode,
  LastBackup,
  NodeService,
  NodeStatus,
  RestoreOutcome,
  RestorePlanView,
  RestoreRequest,
  ThawedNode,
} from "../api/node-service.ts";
import type { BackupResult } from "../backup/take.ts";
import type { Checkpoints } from "../checkpoint/checkpoint.ts";
import { confirmNodeDown } from "../database/commands/node.ts";
import type { Change } from "../database/change.ts";
import { addressesKeptOff } from "../database/networks.ts";
import { nodeState } from "../database/schema.ts";
import { readState } from "../database/state.ts";
import { ChangingTiming, timingOf } from "../membership/timing.ts";
import type { ClusterIdentity, Quorum } from "../quorum/quorum.ts";
import type { Tag } from "../quorum/tag.ts";
import { serve } from "../rpc/call.ts";
import type { Registry } from "../registry/registry.ts";
import type { KeyContainers } from "../registry/key-containers.ts";
import type { Key } from "../tree/key.ts";
import { BackupRun } from "./backup-run.ts";
import { BetweenLives } from "./between-lives.ts";
import { CallerPool } from "./caller-pool.ts";
import { submitChange } from "./change.ts";
import { changedPaths } from "./changed-paths.ts";
import { isKeyRotated } from "./cluster-key-calls.ts";
import { ClusDbFile } from "./clusdb-file.ts";
import { examineOwn } from "./own-doctor.ts";
import { NodeFencing } from "./fence-calls.ts";
import { ForceQuorumRun } from "./force-quorum-run.ts";
import { HostQuestions } from "./host-answers.ts";
import { socketPath } from "./host-config.ts";
import { Housekeeping } from "./leader-duties.ts";
import { leaveInOrder } from "./leave.ts";
import { Life, type LifeParts } from "./life.ts";
import { lifePartsOf } from "./life-parts.ts";
import { LivingDatabase } from "./living-database.ts";
import { NodeFreeze } from "./node-freeze.ts";
import { allDisks } from "./disk-look.ts";
import { MoveRun } from "./move-run.ts";
import { nodeHandlers } from "./node-rpc.ts";
import { OwnerCalls } from "./owner-calls.ts";
import { ownIdentity, refuseOlderQuorum } from "./own-quorum.ts";
import { beginAnew, goAlong } from "./quorum-switch.ts";
import { RestoreRun } from "./restore-run.ts";
import type { ServiceParts } from "./service-parts.ts";
import { settled } from "./settled.ts";
import { trustCalls } from "./trust-calls.ts";
import { typeCalls } from "./type-look.ts";

/** How long another node may take to move its groups away and stop, in milliseconds. */
const stopLimit = 60_000;

/** A node's service; see `NodeService` for what its functions do. */
export class ServiceNode implements NodeService {
  readonly data: string;
  readonly node: NodeService["node"];
  readonly database: LivingDatabase;
  /** Those of the present life; between two lives those of the next one. */
  checkpoints: Checkpoints;
  readonly timing: ChangingTiming;
  readonly callers: CallerPool;
  readonly forceQuorum: ForceQuorumRun = new ForceQuorumRun(this);
  readonly moveQuorum: MoveRun = new MoveRun(this);
  readonly disks = (): ReturnType<typeof allDisks> => allDisks(this);
  readonly trust: NodeService["trust"];
  readonly fencing: NodeFencing;
  readonly types: NodeService["types"];
  readonly isKeyRotated = (): Promise<boolean> => isKeyRotated(this);
  readonly doctor = (): ReturnType<typeof examineOwn> => examineOwn(this);
  readonly #clusDb: ClusDbFile;
  readonly #backups: BackupRun;
  readonly #restores: RestoreRun;
  readonly #owners: OwnerCalls;
  readonly #housekeeping: Housekeeping;
  readonly #freeze: NodeFreeze;
  #parts: ServiceParts;
  #identity: ClusterIdentity;
  #life: Life | undefined;
  #questions: HostQuestions | undefined;
  #state: "starting" | "living" | "restoring" | "stopping" = "starting";
  #because = "The service starts.";
  /** Why the last life failed. */
  #trouble: Failure | undefined;
  #stopped = false;
  #restartWanted = false;
  readonly #between = new BetweenLives();

  private constructor(parts: ServiceParts, clusDb: ClusDbFile, database: LivingDatabase, identity: ClusterIdentity) {
    this.#parts = parts;
    this.data = parts.data;
    this.node = { id: parts.config.node, name: parts.config.name };
    this.timing = new ChangingTiming(timingOf(parts.config.quorum, parts.config.timingFactor));
    this.database = database;
    this.#clusDb = clusDb;
    this.#identity = identity;
    this.checkpoints = parts.makeCheckpoints(database);
    const { outside, log, quorum } = parts;
    this.#housekeeping = new Housekeeping({ outside, log, database, versions: quorum.versions });
    const isKeptOff = (host: string): boolean => addressesKeptOff(database.tree()).includes(host);
    this.callers = new CallerPool(parts.outside, () => parts.config.instance, isKeptOff);
    this.#owners = new OwnerCalls(this);
    this.trust = parts.trust === undefined ? undefined : trustCalls(this, parts.trust);
    this.types = parts.typeRunner === undefined ? undefined : typeCalls(this);
    this.fencing = new NodeFencing(this);
    this.#backups = new BackupRun(this);
    this.#restores = new RestoreRun(this);
    this.#freeze = new NodeFreeze({ outside, log, registry: parts.registry, clusDb, database });
  }

  /** Reads the copy and the identity; the node is not a member before `run`. Rejects as `ownIdentity` does. */
  static async open(parts: ServiceParts): Promise<ServiceNode> {
    const identity = await ownIdentity(parts);
    const clusDb = new ClusDbFile(parts.outside, parts.data, parts.log);
    const database = new LivingDatabase(await clusDb.open(), parts.config.node);
    return new ServiceNode(parts, clusDb, database, identity);
  }

  /** Lives until `stop`; resolves with an exit code. Rejects with the refusal when the cluster has no place for this node any more. */
  async run(): Promise<number> {
    const { outside, data, config, log, registry } = this.parts;
    await outside.files.makeFolder(`${data}/run`);
    const handlers = nodeHandlers(this, this.parts.trust);
    const listener = await serve(outside.net, socketPath.rpc(data), () => config.instance, handlers);
    registry.mountReadOnly("Cluster", () => this.database.tree());
    const stopSaving = this.database.onChange(() => void this.#clusDb.saveSoon(this.database.replica));
    let exit = 0;
    try {
      while (!this.#stopped) exit = await this.#liveOnce();
    } finally {
      this.#between.refuse();
      this.#freeze.close();
      stopSaving();
      await this.#clusDb
        .save(this.database.replica)
        .catch((error: unknown) => log.error("ClusDb not saved", { error }));
      await close(listener);
      this.callers.close();
    }
    return exit;
  }

  /** Their record of the node changes with the place of its quorum. */
  get parts(): ServiceParts {
    return this.#parts;
  }

  /** The cluster lives there now, and so does this node. */
  useQuorum(quorum: Quorum, identity: ClusterIdentity): void {
    const { quorum: changing, config } = this.parts;
    changing.use(quorum);
    this.#parts = { ...this.parts, config: { ...config, quorum: quorum.place } };
    this.timing.use(timingOf(quorum.place, config.timingFactor));
    this.#identity = identity;
  }

  get quorum(): ServiceParts["quorum"] {
    return this.parts.quorum;
  }

  get registry(): Registry {
    return this.parts.registry;
  }

  get keys(): KeyContainers {
    return this.parts.keys;
  }

  life(): Life | undefined {
    return this.#life;
  }

  identity(): ClusterIdentity {
    return this.#identity;
  }

  status(): NodeStatus {
    const life = this.#life;
    const member = life?.membership.isMember() ?? false;
    const role = life?.membership.isLeader() === true ? "leader" : member ? "member" : "alone";
    const state = this.#state === "living" ? role : this.#state;
    return {
      state,
      because: state === "alone" ? this.#whyAlone() : this.#because,
      incarnation: life?.incarnation ?? "",
      leader: life?.membership.claim(),
      tag: this.database.tag(),
      timing: this.timing,
      permitEndsAt: life?.permitEndsAt ?? 0,
      nowBoot: this.parts.outside.clock.boot(),
      containment: life?.host.hello.containment ?? "none",
      containmentSentence: life?.host.hello.containmentSentence ?? "",
      waits: life?.leaderLoop.waits() ?? [],
      running: life?.owner.running() ?? new Map(),
    };
  }

  #whyAlone(): string {
    const trouble = this.#life?.membership.trouble() ?? this.#trouble;
    return ["No leader has accepted this node yet.", trouble?.happened, trouble?.next].filter(Boolean).join(" ");
  }

  pause(): Promise<void> {
    return this.parts.outside.timers.sleep(0);
  }

  change(build: (tree: Key) => Change): Promise<Tag> {
    return submitChange(this.database, this.parts.outside, build);
  }

  atOwner(call: CheckpointCall): Promise<unknown> {
    return this.#owners.call(call);
  }

  async changeRegistry(work: (registry: Registry) => Promise<void>): Promise<{ readonly pending: readonly string[] }> {
    const { registry } = this.parts;
    await this.#freeze.thawed();
    const before = registry.root();
    await work(registry);
    return settled(this, changedPaths(before, registry.root()));
  }

  async changeKeys(work: (keys: KeyContainers) => Promise<void>): Promise<{ readonly pending: readonly string[] }> {
    await this.#freeze.thawed();
    await work(this.parts.keys);
    return settled(this, undefined);
  }

  freeze(limitMs: number): Promise<FrozenNode> {
    return this.#freeze.freeze(limitMs);
  }

  thaw(id: string): ThawedNode {
    return this.#freeze.thaw(id);
  }

  async restart(): Promise<void> {
    this.#restartWanted = true;
    await this.stop(true);
  }

  /** Whether the service ends. */
  isStopping(): boolean {
    return this.#stopped;
  }

  /** The service is to begin anew when `run` has ended. */
  isRestartWanted(): boolean {
    return this.#restartWanted;
  }

  backup(path: string): Promise<BackupResult> {
    return this.#backups.take(path);
  }

  planRestore(request: RestoreRequest): Promise<RestorePlanView> {
    return this.#restores.plan(request);
  }

  restore(request: RestoreRequest): Promise<RestoreOutcome> {
    return this.#restores.carryOut(request);
  }

  async confirmDown(node: string, repeatedName: string): Promise<Tag> {
    return this.change((tree) => confirmNodeDown(tree, { node, repeatedName, who: "a person" }));
  }

  async stop(drain: boolean): Promise<void> {
    if (this.#stopped) return;
    this.#state = "stopping";
    this.#because = "Somebody asked the service to stop.";
    this.#stopped = true;
    if (drain)
      await leaveInOrder(this).catch((error: unknown) => this.parts.log.warn("could not leave in order", { error }));
    this.#life?.stop("the service stops");
  }

  async stopNode(node: string, drain: boolean): Promise<void> {
    if (node === this.node.id) return this.stop(drain);
    const known = this.clusterState().nodes.get(node);
    if (known?.endpoint === undefined || known.state === nodeState.down) {
      throw fail("CLUSTER_NODE_DOWN", {
        happened: `Node ${known?.name ?? node} is not up.`,
        unchanged: "Nothing was changed.",
      });
    }
    await this.callers.call(known.endpoint, "stop", { drain }, stopLimit);
  }

  lastBackup(): LastBackup | undefined {
    return this.#backups.last();
  }

  /** Ends the present life, runs `work` with nothing of this node running, then lives again. */
  betweenLives<T>(because: string, work: () => Promise<T>): Promise<T> {
    const done = this.#between.ask(() => {
      this.#state = "restoring";
      this.#because = because;
      return work();
    });
    if (this.#stopped) this.#between.refuse();
    this.#life?.stop(because);
    return done;
  }

  /** While a life begins, a stop or a restore may come that has to wait for its end. */
  #isLifeWanted(): boolean {
    return !this.#stopped && !this.#between.isWanted();
  }

  async #liveOnce(): Promise<number> {
    const { outside, log, quorum } = this.parts;
    await this.#between.run();
    this.#state = "living";
    this.#because = "";
    let refusal: Failure | undefined;
    try {
      if (await beginAnew(this)) return 0;
      this.#identity = await ownIdentity(this.parts);
      refuseOlderQuorum(quorum.place, this.#identity, this.database.replica);
      const life = await Life.begin(this.#lifeParts());
      this.#life = life;
      this.#trouble = undefined;
      if (!this.#isLifeWanted()) life.stop("this life was not wanted any more when its host came up");
      ({ refusal } = await life.run());
      this.#life = undefined;
      this.#questions?.close();
      this.checkpoints.close();
      this.checkpoints = this.parts.makeCheckpoints(this.database);
    } catch (error) {
      this.#life = undefined;
      if (!this.#isLifeWanted()) return 0;
      const failure = failureOf(error);
      if (failure.happened !== this.#trouble?.happened) log.error("a life failed", { error });
      this.#trouble = failure;
      await outside.timers.sleep(this.timing.poll * 5);
      return 1;
    }
    return this.#afterLife(refusal);
  }

  /** An evicted node has nothing to come back to, and the service ends with the refusal; everything else tries again. */
  async #afterLife(refusal: Failure | undefined): Promise<number> {
    if (refusal === undefined) return 0;
    if (refusal.name === "CLUSTER_NODE_NOT_MEMBER" || refusal.name === "CLUSTER_INSTANCE_ID_MISMATCH") {
      this.#stopped = true;
      this.parts.log.error("this node has no place in its cluster", { error: refusal });
      throw refusal;
    }
    // The leader may use the proof of a node that stops in order before that node itself is done.
    if (this.#stopped) return 0;
    await this.parts.outside.timers.sleep(this.timing.poll * 5);
    return refusal.exit;
  }

  #lifeParts(): LifeParts {
    const { parts, timing, database, checkpoints, fencing } = this;
    this.#questions = new HostQuestions(parts.registry, parts.keys, (resource) =>
      this.#life?.host.registryChanged(resource),
    );
    return lifePartsOf({
      parts,
      timing,
      database,
      checkpoints,
      fencing,
      clusDb: this.#clusDb,
      housekeeping: this.#housekeeping,
      questions: this.#questions,
      generation: this.#identity.generation,
      isLifeWanted: () => this.#isLifeWanted(),
      followMove: (host) => goAlong(this, host),
    });
  }

  /** The state as plain objects, of this node's copy. */
  clusterState(): ReturnType<typeof readState> {
    return readState(this.database.tree());
  }
}

async function close(listener: Listener): Promise<void> {
  await listener.close();
}
