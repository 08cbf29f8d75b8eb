import { fail } from "../../base/errors.ts";
import { defaultTimes, type ResourceContext, type ResourceType } from "../resource-type.ts";
import { logEnd } from "./exit-reason.ts";
import { asUser, environmentOfKey, mustKnowUser, programRows } from "./program.ts";
import { type Begun, mustRun, notRun, saysNotRun, startOrSay, whyNotRun } from "./why-not-run.ts";

type Verb = "online" | "offline" | "looks-alive" | "is-alive" | "terminate";

/**
 * "Generic Script": a program that is called with one word, online, offline, looks-alive, is-alive or terminate; exit code 0 means yes.
 * All calls run in one container, so what `online` leaves running lives there and is gone with it. Its own form of WSFC's type, whose
 * scripts are VBScript.
 */
export const genericScript: ResourceType = {
  name: "Generic Script",
  diesWithHost: true,
  times: defaultTimes,
  parameters: [
    {
      name: "ScriptFilepath",
      kind: "text",
      required: true,
      meaning: "The script, an executable file; it must be there on every possible owner.",
    },
    ...programRows,
    { name: "Arguments", kind: "texts", required: false, meaning: "What the script gets after the word." },
    {
      name: "UseNetworkName",
      kind: "flag",
      required: false,
      default: 0,
      meaning: "Kept for WSFC's tools; has no effect.",
    },
  ],
  moreParameters: true,

  async online(context, signal) {
    const { parameters } = context.resource;
    const folder = parameters.text("CurrentDirectory") ?? context.folder;
    const environment = { ...scriptEnvironment(context), ...(await environmentOfKey(context)) };
    const begun = begunOf(context, 0);
    if (!(await mustKnowUser(context, begun.program))) await mustRun(context, begun);
    await startOrSay(context, begun, { program: [], environment, folder, watched: true });
    await mustSucceed(context, "online", signal);
  },

  async offline(context, signal) {
    await mustSucceed(context, "offline", signal);
  },

  async terminate(context, signal) {
    await call(context, "terminate", signal);
  },

  looksAlive: async (context, signal) => (await call(context, "looks-alive", signal)) === 0,

  isAlive: async (context, signal) => (await callOrSay(context, "is-alive", signal)) === 0,
};

/** CLUBAR_RESOURCE (name), CLUBAR_RESOURCE_ID, CLUBAR_SOCKET, CLUBAR_FOLDER and a CLUBAR_PARAMETER_<NAME> for each parameter. */
function scriptEnvironment(context: ResourceContext): Record<string, string> {
  const environment: Record<string, string> = {
    ...context.environment,
    CLUBAR_RESOURCE: context.resource.name,
    CLUBAR_RESOURCE_ID: context.resource.id,
    CLUBAR_SOCKET: context.socket,
    CLUBAR_FOLDER: context.folder,
  };
  for (const [name, text] of context.resource.parameters.asTexts()) {
    environment[`CLUBAR_PARAMETER_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`] = text;
  }
  return environment;
}

/** The script's exit code; undefined when its container or `signal` ended first. */
async function call(context: ResourceContext, verb: Verb, signal: AbortSignal): Promise<number | undefined> {
  const { parameters } = context.resource;
  const words = [parameters.text("ScriptFilepath") ?? "", verb, ...parameters.texts("Arguments")];
  return context.application()?.call(asUser(context, words), signal);
}

/** The same. @throws RESMON_ONLINE_FAILED when the script did not run at all */
async function callOrSay(context: ResourceContext, verb: Verb, signal: AbortSignal): Promise<number | undefined> {
  const begun = begunOf(context, await logEnd(context));
  const code = await call(context, verb, signal);
  if (saysNotRun(code)) throw notRun(context, `${verb}: ${await whyNotRun(context, begun, code)}`);
  return code;
}

function begunOf({ resource }: ResourceContext, from: number): Begun {
  return { named: "ScriptFilepath", program: resource.parameters.text("ScriptFilepath") ?? "", from };
}

async function mustSucceed(context: ResourceContext, verb: Verb, signal: AbortSignal): Promise<void> {
  const code = await callOrSay(context, verb, signal);
  if (code === 0) return;
  throw fail("RESOURCE_FAILED", {
    happened: `${context.resource.name}: the script's ${verb} ${code === undefined ? "did not end by itself" : `ended with code ${code}`}.`,
    next: `Its output is in ${context.folder}/output.log.`,
  });
}
