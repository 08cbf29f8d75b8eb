/** Containers among the machine's processes and mounts, in which nothing but commands runs: a cgroup each, and one shell for all. */
import { newGuid } from "../base/guid.ts";
import type { Outside } from "../base/outside.ts";
import { emptyCgroup, removeCgroup } from "./application-kill.ts";
import { type ApplicationRecord, bootId, removeRecord, writeRecord } from "./application-record.ts";
import type { Application, ApplicationSpec } from "./application.ts";
import { CallShell } from "./call-shell.ts";
import type { Containment } from "./containment.ts";
import { notStarted } from "./not-started.ts";
import { begunBy, commandLine, inEnvironment } from "./request-line.ts";

/**
 * A command enters its cgroup before anything else, so what is in there is all of it; a cgroup that is removed lets nobody enter. The
 * record names the shell, for whoever clears up after this host: a command may wait in it.
 * @throws RESMON_ONLINE_FAILED when it can't be made; nothing of it is left
 */
export async function startInMachine(
  outside: Outside,
  spec: ApplicationSpec,
  kind: Containment,
  cgroupParent: string,
): Promise<Application> {
  const { files } = outside;
  spec.mayBegin?.();
  const id = newGuid(outside.random);
  const cgroup = `${cgroupParent}/${id}`;
  const shell = CallShell.of(outside, kind);
  const record = await begin().catch((cause: unknown) => {
    throw notStarted(spec, "the machine can't start it", cause);
  });

  async function begin(): Promise<ApplicationRecord> {
    const boot = await bootId(files);
    await files.makeFolder(cgroup);
    try {
      const identity = await shell.enter();
      return { id, resource: spec.resource, kind: kind.kind, boot, wrapper: identity, init: identity, cgroup };
    } catch (cause) {
      await removeCgroup(outside, cgroup);
      throw cause;
    }
  }

  const ended = Promise.withResolvers<{ readonly signal: string }>();
  const over = new AbortController();
  let gone: Promise<void> | undefined;
  const kill = (): Promise<void> => {
    gone ??= shell
      .endCalls(cgroup)
      .then(() => over.abort())
      .then(() => emptyCgroup(outside, cgroup))
      .then(() => removeRecord(files, spec.dataFolder, record))
      .then(() => {
        shell.leave();
        ended.resolve({ signal: "SIGKILL" });
      });
    return gone;
  };
  try {
    await writeRecord(files, spec.dataFolder, record);
    await spec.beforeStart?.(record);
  } catch (cause) {
    await kill();
    throw notStarted(spec, "it could not be recorded", cause);
  }
  const environment = { ...spec.environment, CLUBAR_APPLICATION: id };
  const session = kind.setsid === undefined ? [] : [kind.setsid];
  const place = { cgroup, folder: spec.folder, log: spec.log };
  const call: Application["call"] = async (words, signal, limit) => {
    if (gone !== undefined) return undefined;
    const all = inEnvironment(environment, begunBy(session, words));
    const until = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
    return shell.call(place, commandLine(all), until, limit);
  };
  return { identity: record.init, record, ended: ended.promise, stop: kill, kill, call };
}
