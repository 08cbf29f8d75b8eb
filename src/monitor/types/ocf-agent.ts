import { fail } from "../../base/errors.ts";
import type { Outside } from "../../base/outside.ts";
import { foldName } from "../../tree/path.ts";
import { probeContainment } from "../containment.ts";
import { defaultTimes, type ResourceContext, type ResourceType } from "../resource-type.ts";
import { mountsFollow } from "../shared-mounts.ts";
import { exitReason, logEnd } from "./exit-reason.ts";
import { agentPath, ocfActs, ocfCode, type OcfRun, ocfSays, saysRunning } from "./ocf-action.ts";
import { type OcfMetadata, ocfProblems, ocfRows, parseOcfMetadata } from "./ocf-metadata.ts";
import { knownMetadata } from "./ocf-known.ts";
import { forgetDevices, noteDevices } from "./ocf-mounts.ts";
import { ask } from "./program.ts";

/**
 * Any resource agent of the Open Cluster Framework (`/usr/lib/ocf/resource.d/PROVIDER/NAME`). Its own parameters stand beside `OcfAgent`
 * under the agent's names. What it does to the machine (addresses, mounts, rules) outlives the host; so its `stop` must have said yes.
 */
export const ocfAgent: ResourceType = {
  name: "OCF Agent",
  diesWithHost: false,
  times: defaultTimes,
  parameters: ocfRows,
  moreParameters: true,
  makeReady: (context) => openContainer(context, true),
  online: (context, signal) => bringOnline(context, { machine: true, signal }),
  async offline(context, signal) {
    await stop(context, { machine: true, signal });
    await forgetStart(context);
  },
  async terminate(context, signal) {
    if (!(await mayHaveStarted(context))) return;
    await openContainer(context, true);
    await stop(context, { machine: true, signal });
    await forgetStart(context);
  },
  looksAlive: (context, signal) => isRunning(context, { machine: true, signal }, 0),
  isAlive: (context, signal) => isRunning(context, { machine: true, signal }, levelOf(context)),
};

/**
 * The same for agents that only start processes (servers, databases): all that they start lives in the resource's container and ends with
 * the host. They lose the rights to change the machine's network and mounts, which would not.
 */
export const ocfDaemon: ResourceType = {
  name: "OCF Daemon",
  diesWithHost: true,
  times: defaultTimes,
  parameters: ocfRows,
  moreParameters: true,
  async makeReady(context) {
    // It must see the file systems that are mounted until it is used.
    if (await mountsFollow(context.outside, await probeContainment(context.outside)))
      await openContainer(context, false);
  },
  online: (context, signal) => bringOnline(context, { machine: false, signal }),
  offline: (context, signal) => stop(context, { machine: false, signal }),
  terminate: async () => undefined,
  looksAlive: (context, signal) => isRunning(context, { machine: false, signal }, 0),
  isAlive: (context, signal) => isRunning(context, { machine: false, signal }, levelOf(context)),
};

/** Whether resources of a type of this name are served by agents. */
export function isOcfType(name: string): boolean {
  return [ocfAgent, ocfDaemon].some((type) => foldName(type.name) === foldName(name));
}

const known = new WeakMap<ResourceContext["resource"], OcfMetadata>();

async function bringOnline(context: ResourceContext, run: OcfRun): Promise<void> {
  const { outside, resource } = context;
  const path = agentPath(context);
  if ((await outside.files.stat(path)) === undefined) {
    throw fail("FILE_NOT_FOUND", {
      happened: `${resource.name}: there is no agent ${path} on this node.`,
      unchanged: "Nothing was started.",
      next: "Install it (apt-get install resource-agents), correct OcfAgent, or exclude this node from its possible owners.",
    });
  }
  if (context.application() === undefined) await openContainer(context, run.machine);
  const metadata = await metadataOf(context, path, run.signal);
  known.set(resource, metadata);
  checkParameters(context, metadata);
  const act = ocfActs(context, metadata, run);
  // What is there already was left by an earlier one, or is a trace of it: the start must begin from nothing.
  const isThere = !wasStopped(context) && (await act("monitor")) !== ocfCode.notRunning;
  // Wrong parameters also make a monitor fail; then nothing is to be stopped with them.
  if (isThere && metadata.actions.some(({ name }) => name === "validate-all")) {
    const from = await logEnd(context);
    const valid = await act("validate-all");
    if (valid !== 0 && valid !== ocfCode.unimplemented) throw await failed(context, "validate-all", valid, from);
  }
  if (run.machine) await rememberStart(context);
  if (isThere) await stop(context, run);
  stopped.get(outside)?.delete(resource.id);
  const from = await logEnd(context);
  // A start that says yes is believed until the next look, as the specification has it (it answers when all is up).
  const started = await act("start");
  if (started !== 0) throw await failed(context, "start", started, from);
}

async function metadataOf(context: ResourceContext, path: string, signal: AbortSignal): Promise<OcfMetadata> {
  const asked = async (): Promise<OcfMetadata> => {
    const from = await logEnd(context);
    const { code, text } = await ask(context, context.application(), [path, "meta-data"], signal);
    if (code !== 0) throw await failed(context, "meta-data", code, from);
    return parseOcfMetadata(text, path);
  };
  const isGood = (metadata: OcfMetadata): boolean => ocfProblems(metadata, context.resource.parameters).length === 0;
  return knownMetadata(context.outside, path, asked, isGood);
}

async function openContainer(context: ResourceContext, machine: boolean): Promise<void> {
  const { environment, folder, resource, outside } = context;
  // systemd-tmpfiles makes it, where it runs.
  await outside.files.makeFolder("/run/resource-agents").catch(() => undefined);
  const own = new Set(ocfRows.map(({ name }) => foldName(name)));
  const settings: Record<string, string> = {};
  for (const [name, text] of resource.parameters.asTexts()) {
    if (!own.has(foldName(name))) settings[`OCF_RESKEY_${name}`] = text;
  }
  const [, provider, agent] = agentPath(context).match(/([^/]+)\/([^/]+)$/) ?? [];
  await context.start({
    program: [],
    environment: {
      ...environment,
      OCF_ROOT: environment["OCF_ROOT"] ?? "/usr/lib/ocf",
      OCF_RA_VERSION_MAJOR: "1",
      OCF_RA_VERSION_MINOR: "1",
      OCF_RESOURCE_INSTANCE: resource.name.replaceAll(/[^A-Za-z0-9._-]/g, "_"),
      OCF_RESOURCE_TYPE: agent ?? "",
      OCF_RESOURCE_PROVIDER: provider ?? "",
      ...settings,
    },
    folder,
    watched: true,
    ...(machine ? { machine } : {}),
  });
}

/** @throws INVALID_PARAMETER naming every one that the agent does not know or misses */
function checkParameters(context: ResourceContext, metadata: OcfMetadata): void {
  const { resource } = context;
  const problems = ocfProblems(metadata, resource.parameters).map(({ sentence }) => sentence);
  if (problems.length === 0) return;
  const names = metadata.parameters.map(({ name }) => name).join(", ");
  throw fail("INVALID_PARAMETER", {
    happened: `${resource.name}: ${problems.join(" ")} Parameters of ${metadata.name}: ${names}.`,
    unchanged: "It was not started.",
    next: `Correct them: clubar resource param "${resource.name}" NAME=VALUE, or --unset NAME.`,
  });
}

async function isRunning(context: ResourceContext, run: OcfRun, depth: number): Promise<boolean> {
  const act = ocfActs(context, known.get(context.resource), run);
  const code = await act("monitor", depth);
  // No answer says nothing: the shell that begins the commands of all may have ended, and comes again with the next.
  return saysRunning(code === undefined && !run.signal.aborted ? await act("monitor", depth) : code);
}

/** The agent's stop; when that fails, its monitor may still say that nothing runs. What it unmounted must be free then. */
async function stop(context: ResourceContext, run: OcfRun): Promise<void> {
  const act = ocfActs(context, known.get(context.resource), run);
  const from = await logEnd(context);
  if (run.machine) await noteDevices(context);
  const code = await act("stop");
  const isStopped = code === 0 || code === ocfCode.notRunning || (await act("monitor")) === ocfCode.notRunning;
  if (!isStopped) throw await failed(context, "stop", code, from);
  if (run.machine) await forgetDevices(context);
  rememberStop(context);
}

/** By resource id, the settings that this host stopped it with last, when nothing of it was started since. */
const stopped = new WeakMap<Outside, Map<string, string>>();

function settingsOf({ resource }: ResourceContext): string {
  return JSON.stringify([...resource.parameters.asTexts()]);
}

function rememberStop(context: ResourceContext): void {
  const { outside, resource } = context;
  const mine = stopped.get(outside) ?? new Map<string, string>();
  stopped.set(outside, mine.set(resource.id, settingsOf(context)));
}

/** Whether its agent said here that it is stopped, and was not asked to start it since. */
function wasStopped(context: ResourceContext): boolean {
  return stopped.get(context.outside)?.get(context.resource.id) === settingsOf(context);
}

function levelOf({ resource }: ResourceContext): number {
  return resource.parameters.number("OcfCheckLevel");
}

const startFile = ({ folder }: ResourceContext): string => `${folder}/ocf-started`;

/** From here on something may be left: before the agent's first action that changes anything. Durable when it resolves. */
async function rememberStart(context: ResourceContext): Promise<void> {
  const { files } = context.outside;
  await (await files.open(startFile(context), "append")).close();
  await files.syncFolder(context.folder);
}

async function mayHaveStarted(context: ResourceContext): Promise<boolean> {
  return (await context.outside.files.stat(startFile(context))) !== undefined;
}

/** Durable with what the host forgets of it in the same folder (`outlasting.ts`), before it says that nothing is left. */
async function forgetStart(context: ResourceContext): Promise<void> {
  if (await mayHaveStarted(context)) await context.outside.files.unlink(startFile(context));
}

/** `from`: where the log ended before the agent was called. */
async function failed(
  context: ResourceContext,
  action: string,
  code: number | undefined,
  from: number,
): Promise<Error> {
  const { resource, folder } = context;
  const reason = await exitReason(context, from);
  const why = reason === undefined ? "" : `: ${reason.replace(/\.$/, "")}`;
  return fail("RESOURCE_FAILED", {
    happened: `${resource.name}: ${resource.parameters.text("OcfAgent")} ${action} ${ocfSays(code)}${why}.`,
    next: `Its output is in ${folder}/output.log.`,
  });
}
