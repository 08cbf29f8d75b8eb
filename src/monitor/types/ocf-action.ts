/** One action of an OCF agent: how it is called, how long it may take, and what its exit code means. */
import { fail } from "../../base/errors.ts";
import { callKilled } from "../request-line.ts";
import type { ResourceContext } from "../resource-type.ts";
import type { OcfMetadata } from "./ocf-metadata.ts";

/** Exit codes of the OCF resource agent API that clubar acts on. */
export const ocfCode = {
  success: 0,
  unimplemented: 3,
  notRunning: 7,
  runningPromoted: 8,
  degraded: 190,
  degradedPromoted: 191,
} as const;

const meanings = new Map<number, string>([
  [1, "generic error"],
  [2, "wrong arguments"],
  [3, "not offered by the agent"],
  [4, "not enough rights"],
  [5, "a program that it needs is not installed"],
  [6, "wrong configuration"],
  [7, "not running"],
  [8, "running as promoted"],
  [9, "failed as promoted"],
  [126, "it can't be executed"],
  [127, "not found"],
]);

/** "ended with 5 (…)". */
export function ocfSays(code: number | undefined): string {
  if (code === undefined) return "did not end by itself";
  if (code === callKilled) return "did not end in the time that it asks for itself (timeout of its meta-data)";
  const meaning = meanings.get(code);
  return `ended with ${code}${meaning === undefined ? "" : ` (${meaning})`}`;
}

/** Whether a monitor's code says that it serves. */
export function saysRunning(code: number | undefined): boolean {
  const { success, runningPromoted, degraded, degradedPromoted } = ocfCode;
  return [success, runningPromoted, degraded, degradedPromoted].some((each) => each === code);
}

/** Where the agent of a name is; undefined for what names none. */
export function agentFile(root: string, text: string): string | undefined {
  const [, provider = "heartbeat", name] = /^(?:ocf:)?(?:([\w.-]+):)?([\w.-]+)$/.exec(text) ?? [];
  const isName = name !== undefined && !/^\.+$/.test(provider) && !/^\.+$/.test(name);
  return isName ? `${root}/resource.d/${provider}/${name}` : undefined;
}

/** @throws INVALID_PARAMETER */
export function agentPath({ resource, environment }: ResourceContext): string {
  const text = resource.parameters.text("OcfAgent") ?? "";
  const path = agentFile(environment["OCF_ROOT"] ?? "/usr/lib/ocf", text);
  if (path !== undefined) return path;
  throw fail("INVALID_PARAMETER", {
    happened: `${resource.name}: OcfAgent is ${text}.`,
    unchanged: "Nothing was started.",
    next: "Give ocf:PROVIDER:NAME, such as ocf:heartbeat:IPaddr2.",
  });
}

/** How a type calls its agent. */
export interface OcfRun {
  /** Among the machine's processes and mounts. */
  readonly machine: boolean;
  readonly signal: AbortSignal;
}

/** Rights that change what outlives the container. */
const withoutMachine = ["setpriv", "--bounding-set", "-net_admin,-sys_admin,-sys_module", "--"];

/**
 * Calls an agent's actions in the container that runs; the exit code. Each is killed after the time that the agent's meta-data
 * asks for; undefined when the container or the call ended before.
 */
export function ocfActs(
  context: ResourceContext,
  metadata: OcfMetadata | undefined,
  { machine, signal }: OcfRun,
): (action: string, depth?: number) => Promise<number | undefined> {
  const path = agentPath(context);
  const { times } = context.resource;
  const isRoot = context.outside.files.mayChangeOwners();
  return async (action, depth = 0) => {
    const offers = metadata?.actions.filter(({ name }) => name === action) ?? [];
    const asked = (offers.find((each) => each.depth === depth) ?? offers[0])?.timeout;
    const limit = Math.min(
      asked ?? times.pendingTimeout,
      action === "monitor" ? times.deadlockTimeout : times.pendingTimeout,
    );
    const interval = action === "monitor" ? times.looksAlivePollInterval : 0;
    return context
      .application()
      ?.call(
        [
          `OCF_RESKEY_CRM_meta_timeout=${limit}`,
          `OCF_RESKEY_CRM_meta_interval=${interval}`,
          `OCF_RESKEY_CRM_meta_name=${action}`,
          ...(depth === 0 ? [] : [`OCF_CHECK_LEVEL=${depth}`]),
          ...(machine || !isRoot ? [] : withoutMachine),
          path,
          action,
        ],
        signal,
        limit,
      );
  };
}
