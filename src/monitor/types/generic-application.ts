import { splitCommandLine } from "../command-line.ts";
import { defaultTimes, type ResourceType } from "../resource-type.ts";
import { asUser, environmentOfKey, mustKnowUser, programRows } from "./program.ts";

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
    await mustKnowUser(context);
    await context.start({
      program: asUser(context, program),
      environment,
      folder: parameters.text("CurrentDirectory") ?? context.folder,
      watched: true,
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
    if (application === undefined || command === undefined) return application !== undefined;
    return (await application.call(asUser(context, splitCommandLine(command)), signal)) === 0;
  },
};
