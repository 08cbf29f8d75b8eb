import { fail } from "../../base/errors.ts";
import { valuesOf } from "../../tree/key.ts";
import { splitCommandLine } from "../command-line.ts";
import { valueText } from "../parameters.ts";
import { defaultTimes, type ResourceContext, type ResourceType } from "../resource-type.ts";

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
    {
      name: "CurrentDirectory",
      kind: "text",
      required: false,
      meaning: "Its working folder; by default the resource's folder on the node.",
    },
    {
      name: "EnvironmentKey",
      kind: "text",
      required: false,
      meaning: "A registry path below HKLM; each of its values becomes an environment variable of that name.",
    },
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
    const environment = { ...context.environment, ...(await environmentOf(context)) };
    await context.start({
      program,
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
    return (await application.call(splitCommandLine(command), signal)) === 0;
  },
};

/** The values of the key EnvironmentKey as environment variables. */
async function environmentOf(context: ResourceContext): Promise<Record<string, string>> {
  const path = context.resource.parameters.text("EnvironmentKey");
  if (path === undefined) return {};
  const key = await context.readKey(path);
  if (key === undefined) {
    throw fail("FILE_NOT_FOUND", {
      happened: `${context.resource.name}: the registry key HKLM\\${path} (EnvironmentKey) does not exist on this node.`,
      unchanged: "The program was not started.",
      next: "Create the key, or correct EnvironmentKey.",
    });
  }
  const environment: Record<string, string> = {};
  for (const value of valuesOf(key)) {
    const text = valueText(value);
    if (value.name !== "" && text !== undefined) environment[value.name] = text;
  }
  return environment;
}
