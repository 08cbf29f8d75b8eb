import { fail } from "../../base/errors.ts";
import { splitCommandLine } from "../command-line.ts";
import { defaultTimes, type ResourceContext, type ResourceType } from "../resource-type.ts";
import { ask } from "./program.ts";

/**
 * WSFC's "Generic Service": a unit of systemd; where systemd does not run, an init script. A unit belongs to systemd and outlives the host,
 * so it counts as stopped only when systemd says that no process of it is left. What an init script starts lives in the container.
 */
export const genericService: ResourceType = {
  name: "Generic Service",
  diesWithHost: false,
  times: defaultTimes,
  parameters: [
    {
      name: "ServiceName",
      kind: "text",
      required: true,
      meaning:
        "The unit, such as postgresql or app@1.service, or the script in /etc/init.d; not to be started at boot.",
    },
    {
      name: "StartupParameters",
      kind: "text",
      required: false,
      meaning: "Arguments for an init script; a unit of systemd has none.",
    },
    {
      name: "UseNetworkName",
      kind: "flag",
      required: false,
      default: 0,
      meaning: "Kept for WSFC's tools; has no effect.",
    },
  ],

  async online(context, signal) {
    const manager = await open(context, signal);
    if (!(await manager.exists())) {
      throw fail("FILE_NOT_FOUND", {
        happened: `${context.resource.name}: this node has no service ${nameOf(context)} (${manager.kind}).`,
        unchanged: "Nothing was started.",
        next: "Install it on every possible owner, or correct ServiceName.",
      });
    }
    if (await manager.startsAtBoot()) {
      const next = `systemctl disable ${nameOf(context)}`;
      context.log.warn("the service also starts at boot, on every node", { resource: context.resource.name, next });
    }
    const code = await manager.start();
    if (code === 0 && (await manager.isActive())) return;
    throw failed(
      context,
      code === 0 ? "is not active after its start" : `could not be started (code ${code ?? "none"})`,
    );
  },

  async offline(context, signal) {
    const manager = await managerOf(context, signal);
    await manager.stop();
    if (!(await manager.isGone())) throw failed(context, "was stopped, but something of it is left");
  },

  async terminate(context, signal) {
    // With another name nothing was ever started.
    if (!isName(context.resource.parameters.text("ServiceName") ?? "")) return;
    const manager = await open(context, signal);
    if (!(await manager.exists())) return;
    await manager.kill();
    await manager.stop();
    if (!(await manager.isGone())) throw failed(context, "was killed, but something of it is left");
  },

  looksAlive: async (context, signal) => (await managerOf(context, signal)).isActive(),
  isAlive: async (context, signal) => (await managerOf(context, signal)).isActive(),
};

/** Who runs services on this machine. */
interface Manager {
  readonly kind: "systemd" | "init script";
  exists(): Promise<boolean>;
  startsAtBoot(): Promise<boolean>;
  start(): Promise<number | undefined>;
  stop(): Promise<void>;
  /** At once. */
  kill(): Promise<void>;
  isActive(): Promise<boolean>;
  /** The manager says that no process of it is left. */
  isGone(): Promise<boolean>;
}

async function open(context: ResourceContext, signal: AbortSignal): Promise<Manager> {
  const { environment, folder } = context;
  await context.start({ program: [], environment, folder, watched: true });
  return managerOf(context, signal);
}

async function managerOf(context: ResourceContext, signal: AbortSignal): Promise<Manager> {
  const { code, text } = await ask(context, context.application(), ["systemctl", "is-system-running"], signal);
  // Taken for a machine without systemd, one that gave no answer would have no such service, and nothing to stop.
  if (code === undefined) throw failed(context, "can't be asked for: systemctl gave no answer");
  // Without systemd as init it says "offline", without the program nothing.
  return /^(?!offline|unknown)\w+/.test(text) ? systemd(context, signal) : initScript(context, signal);
}

function systemd(context: ResourceContext, signal: AbortSignal): Manager {
  const name = nameOf(context);
  const unit = /\.[a-z]+$/.test(name) ? name : `${name}.service`;
  const call = (...words: string[]): Promise<number | undefined> =>
    context.application()?.call(["systemctl", "--no-ask-password", ...words], signal) ?? Promise.resolve(undefined);
  const property = async (what: string): Promise<string> => {
    const words = ["systemctl", "show", "--value", `--property=${what}`, "--", unit];
    const { code, text } = await ask(context, context.application(), words, signal);
    if (code !== 0) throw failed(context, "can't be asked for: systemd does not answer");
    return text.trim();
  };
  return {
    kind: "systemd",
    exists: async () => (await property("LoadState")) === "loaded",
    startsAtBoot: async () => (await property("UnitFileState")) === "enabled",
    start: () => call("start", "--", unit),
    stop: async () => void (await call("stop", "--", unit)),
    kill: async () => void (await call("kill", "--signal=KILL", "--", unit)),
    isActive: async () => (await call("is-active", "--quiet", "--", unit)) === 0,
    async isGone() {
      const state = await property("ActiveState");
      const tasks = await property("TasksCurrent");
      return ["inactive", "failed"].includes(state) && !/^[1-9]\d*$/.test(tasks);
    },
  };
}

/** LSB's codes of `status`: 0 runs; 1, 2 and 3 do not; 4 can't tell. */
function initScript(context: ResourceContext, signal: AbortSignal): Manager {
  const name = nameOf(context);
  const more = context.resource.parameters.text("StartupParameters");
  const call = (...words: string[]): Promise<number | undefined> =>
    context.application()?.call(["service", name, ...words], signal) ?? Promise.resolve(undefined);
  return {
    kind: "init script",
    exists: async () => (await context.outside.files.stat(`/etc/init.d/${name}`)) !== undefined,
    startsAtBoot: () => Promise.resolve(false),
    start: () => call("start", ...(more === undefined ? [] : splitCommandLine(more))),
    stop: async () => void (await call("stop")),
    kill: () => Promise.resolve(),
    isActive: async () => (await call("status")) === 0,
    isGone: async () => [1, 2, 3].includes((await call("status")) ?? 0),
  };
}

const isName = (name: string): boolean => /^[\w@:][\w@:.\\-]*$/.test(name);

/** @throws INVALID_PARAMETER for what would be a path or an option */
function nameOf({ resource }: ResourceContext): string {
  const name = resource.parameters.text("ServiceName") ?? "";
  if (isName(name)) return name;
  throw fail("INVALID_PARAMETER", {
    happened: `${resource.name}: ServiceName is ${name}.`,
    unchanged: "Nothing was started.",
    next: "Give the name of a unit or of a script in /etc/init.d.",
  });
}

function failed({ resource, folder }: ResourceContext, what: string): Error {
  return fail("RESOURCE_FAILED", {
    happened: `${resource.name}: the service ${resource.parameters.text("ServiceName")} ${what}.`,
    next: `Look at systemctl status or journalctl -u; what the commands said is in ${folder}/output.log.`,
  });
}
