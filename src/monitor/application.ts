import { newGuid } from "../base/guid.ts";
import type { Child, Outside, ProcessEnd, ProcessIdentity } from "../base/outside.ts";
import { killAll, removeCgroup } from "./application-kill.ts";
import { type ApplicationRecord, bootId, removeRecord, writeRecord } from "./application-record.ts";
import { chain } from "./application-shell.ts";
import { type Containment, probeContainment } from "./containment.ts";
import { startInMachine } from "./machine-application.ts";
import { parseStat } from "./process-table.ts";
import { notStarted } from "./not-started.ts";
import { begunBy, commandLine, refuseLineBreaks } from "./request-line.ts";
import { inTurn } from "./start-turns.ts";

/** What to start, and where its traces go. All paths are absolute. */
export interface ApplicationSpec {
  /** The resource's name, for the record and messages. */
  readonly resource: string;
  /** Program and arguments; empty: an empty container, which only serves `call`. */
  readonly program: readonly string[];
  /** The whole environment; CLUBAR_APPLICATION is added. */
  readonly environment: Readonly<Record<string, string>>;
  /** Working folder. */
  readonly folder: string;
  /** Standard output and error are appended here. */
  readonly log: string;
  /** The node's data folder: the record lies in `applications/` below. */
  readonly dataFolder: string;
  /** Called when it is its turn, which may take a while; when it throws, nothing is begun. */
  readonly mayBegin?: () => void;
  /** Called with the durable record before the program starts: the place to tell the guard. When it rejects, nothing starts. */
  readonly beforeStart?: (record: ApplicationRecord) => Promise<void>;
}

/** A program and all processes that come of it. */
export interface Application {
  /** The init of the application's namespace. */
  readonly identity: ProcessIdentity;
  /** What finds and kills it after a crash of the host. */
  readonly record: ApplicationRecord;
  /** Resolves with the program's end, once all its processes are proven gone. */
  readonly ended: Promise<ProcessEnd>;
  /** SIGTERM to the program; after `graceMs` all processes are killed. Resolves when they are proven gone. */
  stop(graceMs: number): Promise<void>;
  /** Kills all processes at once. Resolves when they are proven gone. */
  kill(): Promise<void>;
  /**
   * Runs a command among the application's processes; words NAME=VALUE before the program are its environment. Its exit code, or
   * undefined when the application or `signal` ended first. After `limit` milliseconds it is killed with what came of it, and the code is
   * `callKilled`.
   */
  call(words: readonly string[], signal?: AbortSignal, limit?: number): Promise<number | undefined>;
}

/**
 * Starts an application inside the strongest containment of this machine: all its processes end when asked, and when this process dies.
 * `contained`: in this containment instead. Must be called on the main thread: the kernel ties the application to the thread that
 * starts it.
 * @throws RESMON_ONLINE_FAILED when it can't be started; nothing of it is left.
 */
export async function startApplication(
  outside: Outside,
  spec: ApplicationSpec,
  contained?: Containment,
): Promise<Application> {
  const kind = contained ?? (await probeContainment(outside));
  if (kind.kind === "machine" && kind.cgroupParent !== undefined && spec.program.length === 0)
    return startInMachine(outside, spec, kind, kind.cgroupParent);
  const id = newGuid(outside.random);
  const cgroup = kind.cgroupParent === undefined ? undefined : `${kind.cgroupParent}/${id}`;
  const { child, talk, init } = await inTurn(outside, () => makeContainer(outside, spec, kind, id, cgroup));
  const boot = await bootId(outside.files);
  const record: ApplicationRecord = {
    id,
    resource: spec.resource,
    kind: kind.kind,
    boot,
    wrapper: child.identity,
    init,
    cgroup,
  };
  const application = control(outside, spec, child, talk, record);
  try {
    await writeRecord(outside.files, spec.dataFolder, record);
    await spec.beforeStart?.(record);
  } catch (cause) {
    await application.kill();
    throw notStarted(spec, "it could not be recorded", cause);
  }
  child.tell("go");
  if (!(await talk.started)) {
    const end = await application.ended;
    throw notStarted(
      spec,
      `it ended before it ran (${"code" in end ? `code ${end.code}` : end.signal}); see ${spec.log}`,
    );
  }
  return application;
}

/** A container that waits for its "go". */
interface Waiting {
  readonly child: Child;
  readonly talk: Talk;
  readonly init: ProcessIdentity;
}

async function makeContainer(
  outside: Outside,
  spec: ApplicationSpec,
  kind: Containment,
  id: string,
  cgroup: string | undefined,
): Promise<Waiting> {
  spec.mayBegin?.();
  if (cgroup !== undefined) await outside.files.makeFolder(cgroup);
  const child = await startChain(outside, spec, kind, id, cgroup).catch(async (cause: unknown) => {
    if (cgroup !== undefined) await removeCgroup(outside, cgroup);
    throw notStarted(spec, "the machine can't start it", cause);
  });
  const talk = listen(child);
  const ready = await talk.ready;
  const init = ready === undefined ? undefined : parseStat(ready)?.identity;
  if (init !== undefined) return { child, talk, init };
  await outside.processes.signal(child.identity, "SIGKILL");
  await child.ended;
  if (cgroup !== undefined) await removeCgroup(outside, cgroup);
  throw notStarted(spec, `its container could not be made (${talk.said.join("; ") || "no message"})`);
}

function startChain(
  outside: Outside,
  spec: ApplicationSpec,
  kind: Containment,
  id: string,
  cgroup: string | undefined,
): Promise<Child> {
  const [command = "", ...args] = chain(kind, outside.processes.self, cgroup, spec.log, spec.folder, spec.program);
  const environment = { ...spec.environment, CLUBAR_APPLICATION: id };
  return outside.processes.start({ command, args, environment, folder: "/", output: "lines", input: true });
}

interface Talk {
  /** The init's line of the process table; undefined when it ended first. */
  readonly ready: Promise<string | undefined>;
  readonly started: Promise<boolean>;
  /** Other lines, which say why it did not start. */
  readonly said: string[];
  /** By request number; undefined: the application ended first. */
  readonly answers: Map<string, (code: number | undefined) => void>;
  hasEnded(): boolean;
}

function listen(child: Child): Talk {
  const ready = Promise.withResolvers<string | undefined>();
  const started = Promise.withResolvers<boolean>();
  const said: string[] = [];
  const answers = new Map<string, (code: number | undefined) => void>();
  let over = false;
  child.onLine((line) => {
    const [word, number = "", code] = line.split(" ");
    if (word === "ready") ready.resolve(line.slice("ready ".length));
    else if (word === "started") started.resolve(true);
    else if (word === "done") answers.get(number)?.(Number(code));
    else if (said.length < 20) said.push(line);
  });
  void child.ended.then(() => {
    ready.resolve(undefined);
    started.resolve(false);
    over = true;
    for (const answer of answers.values()) answer(undefined);
  });
  return { ready: ready.promise, started: started.promise, said, answers, hasEnded: () => over };
}

function control(
  outside: Outside,
  spec: ApplicationSpec,
  child: Child,
  talk: Talk,
  record: ApplicationRecord,
): Application {
  let gone: Promise<void> | undefined;
  const kill = (): Promise<void> => {
    gone ??= killAll(outside, record).then(() => removeRecord(outside.files, spec.dataFolder, record));
    return gone;
  };
  const ended = child.ended.then((end) => kill().then(() => end));
  const stop = async (graceMs: number): Promise<void> => {
    const waited = new AbortController();
    if (spec.program.length > 0 && (await outside.processes.signal(record.init, "SIGTERM"))) {
      await Promise.race([ended, outside.timers.sleep(graceMs, waited.signal)]);
      waited.abort();
    }
    await kill();
  };
  let requests = 0;
  const call: Application["call"] = async (words, signal, limit) => {
    refuseLineBreaks(spec.resource, words);
    const number = String(++requests);
    const answer = Promise.withResolvers<number | undefined>();
    const giveUp = (): void => answer.resolve(undefined);
    talk.answers.set(number, answer.resolve);
    signal?.addEventListener("abort", giveUp);
    if (signal?.aborted === true || talk.hasEnded()) giveUp();
    else child.tell(`${number} ${commandLine(limit === undefined ? words : begunBy(endsItself(limit), words))}`);
    const code = await answer.promise;
    talk.answers.delete(number);
    signal?.removeEventListener("abort", giveUp);
    return code;
  };
  return { identity: record.init, record, ended, stop, kill, call };
}

/** timeout(1) kills the process group that it makes. */
function endsItself(limit: number): readonly string[] {
  return ["timeout", "-s", "KILL", String(limit / 1000)];
}
