/**
 * The host of a node: a small process that keeps the permit and runs the resources. It dies last: when its service is
 * gone or hangs, or its permit ends, it kills the applications, proves it, and ends (docs/safety.md §2).
 */
import type { Log } from "../base/log.ts";
import type { FileHandle, Listener, Outside } from "../base/outside.ts";
import { fail } from "../base/errors.ts";
import { PermitKeeper, type RenewRequest } from "../membership/permit-keeper.ts";
import { ChangingTiming, timingOf } from "../membership/timing.ts";
import type { Disks } from "../disks/disks.ts";
import { openLinuxDisks } from "../disks/linux-disks.ts";
import { WatchdogFeeder } from "../fencing/fencing.ts";
import { endLeftovers } from "../monitor/application-kill.ts";
import { type ApplicationRecord, forgetOtherBoots, readRecords, removeRecord } from "../monitor/application-record.ts";
import { type Containment, probeContainment } from "../monitor/containment.ts";
import { createHostEngine, type HostEngine, type ResourceSpec } from "../monitor/host-engine.ts";
import { lockPath, writeLifeMark } from "../monitor/life-mark.ts";
import { endMounts } from "../monitor/mount-record.ts";
import { type ResourceEvent, resourceState } from "../monitor/resource-state.ts";
import type { ResourceType } from "../monitor/resource-type.ts";
import type { Quorum } from "../quorum/quorum.ts";
import { type Handlers, type Peer, serve } from "../rpc/call.ts";
import { CallerPool } from "./caller-pool.ts";
import { type HostConfig, socketPath } from "./host-config.ts";
import { fromHost, type HelloAnswer, toHost, type Answer } from "./host-messages.ts";
import { Questions } from "./host-questions.ts";
import type { HostRemote, MembersMessage, TrustedMessage } from "./host-remote.ts";
import { ServicePulse } from "./service-pulse.ts";

/** What kills a frozen host from outside; `none` in simulation, where nothing freezes for ever. */
export interface GuardLink {
  deadline(endsAt: number): void;
  starts(record: ApplicationRecord): void;
  gone(record: ApplicationRecord): void;
  rest(): void;
  /** Resolves when the guard is gone although its host lives. */
  readonly ended?: Promise<unknown>;
}

/** What a host is made of; the real one is put together in `host.ts`. */
export interface HostParts {
  readonly outside: Outside;
  readonly quorum: Quorum;
  /** Opens another quorum; absent where clusters don't move. */
  readonly openQuorum?: (place: string) => Promise<Quorum>;
  readonly config: HostConfig;
  readonly log: Log;
  readonly guard: GuardLink;
  readonly findType: (name: string) => ResourceType | undefined;
  /** The words that start the process of a third party's resource type. */
  readonly typeRunner?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Absent for a node that only has sockets of its machine. */
  readonly remote?: HostRemote;
  /** Those of the machine unless given. */
  readonly disks?: Disks;
  /** What the kernel guarantees here; simulation says it itself. */
  readonly containment?: () => Promise<Pick<Containment, "kind" | "sentence">>;
  /** Ends what an earlier host left running; simulation replaces it. */
  readonly endLeftovers?: () => Promise<void>;
}

/** Runs until the end of this host's life; resolves with a sentence why it ended, after everything was killed and proven. */
export async function runHost(parts: HostParts): Promise<string> {
  const lock = await takeLock(parts);
  const host = new HostProcess(parts);
  await (parts.endLeftovers?.() ?? endRecorded(parts, () => host.endOutlasting()));
  await host.armWatchdog();
  const why = await host.run();
  await lock.close();
  return why;
}

/** One host at a time: the next one starts when the kernel has let go of the last one's lock. */
async function takeLock({ outside, config, log }: HostParts): Promise<FileHandle> {
  await outside.files.makeFolder(config.data);
  const handle = await outside.files.open(lockPath(config.data), "append");
  while (!(await handle.lock())) await outside.timers.sleep(10);
  // Without the mark a leader waits instead of looking.
  await writeLifeMark(outside, handle, config.data, config.incarnation).catch((error: unknown) =>
    log.warn("could not say whose lock it is", { error }),
  );
  return handle;
}

async function endRecorded(
  { outside, config, disks = openLinuxDisks(outside), log }: HostParts,
  endOutlasting: () => Promise<void>,
): Promise<void> {
  const records = await readRecords(outside.files, config.data);
  await endLeftovers(outside, records);
  for (const record of records) await removeRecord(outside.files, config.data, record);
  await forgetOtherBoots(outside.files, config.data);
  await endOutlasting();
  await endMounts(outside, disks, config.data, log);
}

class HostProcess {
  readonly #parts: HostParts;
  readonly #timing: ChangingTiming;
  #quorum: Quorum;
  readonly #engine: HostEngine;
  readonly #keeper: PermitKeeper;
  readonly #callers: CallerPool;
  readonly #questions = new Questions();
  readonly #ended = Promise.withResolvers<string>();
  #service: Peer | undefined;
  readonly #pulse: ServicePulse;
  #members: readonly string[] = [];
  #keptOff: ReadonlySet<string> = new Set();
  #finishing: Promise<void> | undefined;
  #mayRun = false;
  #watchdog: WatchdogFeeder | undefined;

  constructor(parts: HostParts) {
    this.#parts = parts;
    const { outside, config, quorum, log, guard } = parts;
    this.#timing = new ChangingTiming(timingOf(config.quorum, config.timingFactor));
    this.#quorum = quorum;
    const quorumFolder = (): string | undefined => (this.#quorum.kind === "directory" ? this.#quorum.place : undefined);
    this.#pulse = new ServicePulse(outside, config.service, this.#timing);
    this.#callers = new CallerPool(
      outside,
      () => config.instance,
      (host) => this.#keptOff.has(host),
    );
    this.#engine = createHostEngine(outside, {
      folder: config.data,
      socket: socketPath.api(config.data),
      environment: { ...parts.environment, CLUBAR_GENERATION: String(config.generation ?? 0) },
      disks: parts.disks ?? openLinuxDisks(outside),
      quorum: quorumFolder,
      findType: parts.findType,
      ...(parts.typeRunner === undefined ? {} : { typeRunner: parts.typeRunner }),
      readKey: (path) => this.#questions.readKey(this.#service, path),
      exportPem: (container) => this.#questions.exportPem(this.#service, container),
      log,
      onEvent: (event) => this.#service?.tell(fromHost.resource, event),
      onWatch: (resource, use) => this.#service?.tell(fromHost.watch, { resource, ...use }),
      onApplicationStarts: (record) => Promise.resolve(guard.starts(record)),
      onApplicationGone: (record) => guard.gone(record),
    });
    this.#keeper = new PermitKeeper({
      outside,
      quorum,
      timing: this.#timing,
      self: { node: config.node, incarnation: config.incarnation },
      renewAt: async (endpoint, request) =>
        Number(await this.#callers.call(endpoint, toHost.renew, request, this.#timing.permit)),
      events: {
        extended: (endsAt) => this.#extended(endsAt),
        refused: () => this.#service?.tell(fromHost.refused, {}),
        superseded: (epoch) => this.#service?.tell(fromHost.superseded, { epoch }),
        silence: (node, incarnation) => this.#service?.tell(fromHost.silence, { node, incarnation }),
      },
    });
  }

  /** Before anything else of this host. */
  endOutlasting(): Promise<void> {
    return this.#engine.endOutlasting();
  }

  /** After everything of earlier hosts has ended: from here on the machine resets itself unless this host goes on. */
  async armWatchdog(): Promise<void> {
    const { outside, config, log } = this.#parts;
    if (config.watchdog === undefined) return;
    const mayFeed = (): boolean => this.#keeper.mayRun() || this.#engine.status().every(runsNothing);
    this.#watchdog = await WatchdogFeeder.arm({ outside, log, ...config.watchdog, mayFeed }).catch((error: unknown) => {
      log.error("the watchdog was not armed", { error });
      return undefined;
    });
  }

  async run(): Promise<string> {
    const { outside, config } = this.#parts;
    await outside.files.makeFolder(`${config.data}/run`);
    const listener = await serve(outside.net, socketPath.host(config.data), () => config.instance, this.#handlers());
    const remote = await this.#parts.remote?.listen((request) => this.#keeper.answer(request));
    void this.#watchService();
    void this.#parts.guard.ended?.then(() => this.finish("the guard of this host is gone", false));
    const why = await this.#ended.promise;
    await Promise.all([listenerClosed(listener), remote?.close()]);
    this.#callers.close();
    return why;
  }

  #handlers(): Handlers {
    const heard = (): void => this.#pulse.heard();
    const engine = this.#engine;
    const keeper = this.#keeper;
    const done = (work: Promise<void> | void): Promise<unknown> => Promise.resolve(work).then(() => null);
    return {
      [toHost.hello]: (_, from) => {
        heard();
        return this.#hello(from);
      },
      [toHost.ping]: () => {
        heard();
        return Promise.resolve(null);
      },
      [toHost.start]: async (body) => done(this.#start(body as ResourceSpec)),
      [toHost.makeReady]: (body) => done(keeper.mayRun() ? engine.makeReady(body as ResourceSpec) : undefined),
      [toHost.stop]: (body) => done(engine.stop((body as { id: string }).id)),
      [toHost.terminate]: (body) => done(engine.terminate((body as { id: string }).id)),
      [toHost.status]: () =>
        Promise.resolve({ resources: engine.status(), permitEndsAt: Math.max(0, keeper.endsAt()) }),
      [toHost.registryChanged]: (body) => done(engine.registryChanged((body as { id: string }).id)),
      [toHost.follow]: (body) => done(this.#follow(body as { epoch: number; hostEndpoint: string })),
      [toHost.lead]: (body) => done(keeper.lead((body as { epoch: number }).epoch)),
      [toHost.stopLeading]: () => done(keeper.stopLeading()),
      [toHost.stopFollowing]: () => done(keeper.stopFollowing()),
      [toHost.grantFor]: (body) => done(keeper.grantFor((body as { length: number }).length)),
      [toHost.useQuorum]: (body) => done(this.#useQuorum((body as { place: string }).place)),
      [toHost.admit]: (body) => {
        const { node, incarnation } = body as { node: string; incarnation: string };
        return done(keeper.admit(node, incarnation));
      },
      [toHost.expire]: (body) => {
        const { node, incarnation } = body as { node: string; incarnation: string };
        return Promise.resolve(keeper.expire(node, incarnation) ?? null);
      },
      [toHost.members]: (body) => {
        const { endpoints, keptOff } = body as MembersMessage;
        this.#members = endpoints;
        this.#keptOff = new Set(keptOff);
        return Promise.resolve(null);
      },
      [toHost.trusted]: (body) => done(this.#parts.remote?.trusted(body as TrustedMessage)),
      [toHost.finish]: (body) => done(this.finish((body as { because: string }).because, false)),
      [toHost.renew]: (body) => keeper.answer(body as RenewRequest),
      answer: (body) => done(this.#questions.answer(body as Answer)),
    };
  }

  /** By the clock: a machine that stood still goes on with what it had, and nothing here has noticed yet that the permit is over. */
  #start(spec: ResourceSpec): void {
    if (this.#keeper.mayRun()) return this.#engine.start(spec);
    throw fail("INVALID_STATE", {
      happened: `${spec.name} was not started: this host holds no permit to run.`,
      unchanged: "Nothing was started.",
      next: "It is started once the permit is renewed.",
    });
  }

  async #hello(from: Peer): Promise<HelloAnswer> {
    const containment = await (this.#parts.containment?.() ?? probeContainment(this.#parts.outside));
    this.#service = from;
    from.onClose(() => void this.finish("the service of this node is gone", true));
    const { self } = this.#parts.outside.processes;
    return {
      host: self,
      containment: containment.kind,
      containmentSentence: containment.sentence,
      resources: this.#engine.status(),
      ...(this.#watchdog === undefined ? {} : { watchdog: this.#watchdog.timeout }),
    };
  }

  async #useQuorum(place: string): Promise<void> {
    const { openQuorum, config, log } = this.#parts;
    if (openQuorum === undefined) throw fail("CALL_NOT_IMPLEMENTED", { happened: "This host has one quorum only." });
    this.#quorum = await openQuorum(place);
    this.#keeper.useQuorum(this.#quorum);
    this.#timing.use(timingOf(place, config.timingFactor));
    log.info("the quorum is another one", { place });
  }

  #follow({ epoch, hostEndpoint }: { epoch: number; hostEndpoint: string }): void {
    const { remote, config } = this.#parts;
    const own = hostEndpoint === (remote?.endpoint ?? socketPath.host(config.data));
    this.#keeper.follow(epoch, own ? undefined : hostEndpoint);
  }

  #extended(endsAt: number): void {
    this.#parts.guard.deadline(endsAt);
    this.#service?.tell(fromHost.permit, { endsAt });
    if (this.#mayRun || this.#finishing !== undefined) return;
    this.#mayRun = true;
    void this.#engine.setMayRun(true, "the permit was granted");
    void this.#watchPermit();
  }

  async #watchPermit(): Promise<void> {
    const { clock, timers } = this.#parts.outside;
    while (this.#finishing === undefined) {
      const left = this.#keeper.endsAt() - clock.boot();
      if (left <= 0) return this.finish("the permit of this node ended", false);
      await timers.sleep(left);
    }
  }

  /** A service that never says hello, or falls silent, is taken for lost. */
  async #watchService(): Promise<void> {
    await this.#pulse.untilLost(() => this.#finishing !== undefined);
    return this.finish("the service of this node hangs", true);
  }

  /** Kills everything, proves it to the quorum and to the members, and ends this life. */
  finish(because: string, killService: boolean): Promise<void> {
    this.#finishing ??= this.#finish(because, killService);
    return this.#finishing;
  }

  async #finish(because: string, killService: boolean): Promise<void> {
    const { outside, config, log, guard } = this.#parts;
    log.warn("host ends", { because });
    this.#keeper.stop();
    await this.#engine.setMayRun(false, because);
    guard.rest();
    await this.#watchdog?.disarm();
    const proof = { node: config.node, incarnation: config.incarnation };
    const told = this.#members.map((endpoint) =>
      this.#callers.call(endpoint, "proof", proof, this.#timing.call).catch(() => undefined),
    );
    await this.#quorum.proofs
      .write(proof)
      .catch((error: unknown) => log.error("proof not written to the quorum", { error }));
    await Promise.race([Promise.all(told), outside.timers.sleep(this.#timing.call)]);
    if (killService) await outside.processes.signal(config.service, "SIGKILL").catch(() => false);
    this.#ended.resolve(because);
  }
}

function runsNothing({ state }: ResourceEvent): boolean {
  return state === resourceState.offline || state === resourceState.failed;
}

async function listenerClosed(listener: Listener): Promise<void> {
  await listener.close();
}
