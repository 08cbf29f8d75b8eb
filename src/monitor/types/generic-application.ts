import { fail } from "../../base/errors.ts";
import type { ProcessEnd } from "../../base/outside.ts";
import { splitCommandLine } from "../command-line.ts";
import { defaultTimes, type ResourceContext, type ResourceType } from "../resource-type.ts";
import { logEnd } from "./exit-reason.ts";
import { asUser, environmentOfKey, mustKnowUser, programRows } from "./program.ts";
import { type Begun, canRun, mustRun, notRun, saysNotRun, startOrSay, whyNotRun } from "./why-not-run.ts";

/** WSFC's "Generic Application": one program in the foreground. It is online while its process is there. */
export const genericApplication: ResourceType = {
  name: "Generic Application",
  diesWithHost: true,
  times: defaultTimes,
  parameters: [
    {
      name: "CommandLine",
      kind: "text",
      required: true,
      meaning: "The program, by path or found in PATH, and its arguments.",
    },
    ...programRows,
    {
      name: "AliveCommand",
      kind: "text",
      required: false,
      meaning: "Run beside the program at each IsAlive; exit code 0 means it serves.",
    },
    {
      name: "StopTimeout",
      kind: "number",
      required: false,
      default: 10_000,
      meaning: "Milliseconds from SIGTERM to the kill, when it is taken offline.",
    },
    {
      name: "InteractWithDesktop",
      kind: "flag",
      required: false,
      default: 0,
      meaning: "Kept for WSFC's tools; has no effect.",
    },
    {
      name: "UseNetworkName",
      kind: "flag",
      required: false,
      default: 0,
      meaning: "Kept for WSFC's tools; has no effect.",
    },
  ],

  async online(context) {
    const { parameters } = context.resource;
    const program = splitCommandLine(parameters.text("CommandLine") ?? "");
    const environment = { ...context.environment, ...(await environmentOfKey(context)) };
    const begun = { named: "CommandLine", program: program[0] ?? "", from: await logEnd(context) };
    const mayRun = await mustKnowUser(context, begun.program);
    if (!mayRun || !(await canRun(context, begun.program))) await mustRun(context, begun);
    await startOrSay(context, begun, {
      program: asUser(context, program),
      environment,
      folder: parameters.text("CurrentDirectory") ?? context.folder,
      watched: true,
      endedMeans(end) {
        const how = howEnded(context, begun, end);
        ends.set(context.resource, how);
        return how;
      },
    });
  },

  async offline(context) {
    await context.application()?.stop(context.resource.parameters.number("StopTimeout"));
  },

  terminate: async () => undefined,

  looksAlive: async (context) => context.application() !== undefined,

  async isAlive(context, signal) {
    const application = context.application();
    const command = context.resource.parameters.text("AliveCommand");
    const ended = ends.get(context.resource);
    if (ended !== undefined) throw fail("RESOURCE_FAILED", { happened: await ended });
    if (application === undefined || command === undefined) return application !== undefined;
    const words = splitCommandLine(command);
    const begun = { named: "AliveCommand", program: words[0] ?? "", from: await logEnd(context) };
    const code = await application.call(asUser(context, words), signal);
    if (saysNotRun(code)) throw notRun(context, await whyNotRun(context, begun, code));
    return code === 0;
  },
};

/** How a resource's program ended: a look may come while that is still found out. */
const ends = new WeakMap<ResourceContext["resource"], Promise<string>>();

/** With a user it is a shell that becomes the program, so the program is named. */
async function howEnded(context: ResourceContext, begun: Begun, end: ProcessEnd): Promise<string> {
  if ("code" in end && saysNotRun(end.code))
    return `${context.resource.name}: ${await whyNotRun(context, begun, end.code)}.`;
  return `${begun.program} ended ${"code" in end ? `with code ${end.code}` : `by ${end.signal}`}.`;
}
