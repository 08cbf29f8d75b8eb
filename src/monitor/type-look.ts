/** What a resource type says of itself before any resource of it runs: a module, or an agent, asked on this node. */
import { fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";
import type { Value } from "../tree/value.ts";
import { asKinds } from "./module-type.ts";
import { describedPrefix, type TypeDescription } from "./module-messages.ts";
import { findProblems, type ParameterProblem, parametersOf } from "./parameters.ts";
import { findResourceType } from "./types.ts";
import { isOcfType } from "./types/ocf-agent.ts";
import { agentFile } from "./types/ocf-action.ts";
import { ocfProblems, ocfRows, parseOcfMetadata } from "./types/ocf-metadata.ts";

/** How long a module or an agent may take to say what it is, in milliseconds. */
const limit = 15_000;

/** What looking takes. */
export interface LookParts {
  readonly outside: Pick<Outside, "files" | "processes" | "timers">;
  readonly environment: Readonly<Record<string, string>>;
  /** The words that start the process of a third party's type. */
  readonly runner: readonly string[];
}

/** A resource as it would be. */
export interface ParametersAsked {
  readonly type: string;
  /** Of a third party's type. */
  readonly module?: string;
  readonly values: readonly Value[];
}

/** What is wrong with it; `lacks`: what this node would have to have to tell more. */
export interface ParameterReport {
  readonly problems: readonly ParameterProblem[];
  readonly lacks?: string;
  /** Names of the parameters that there are, where that is known. */
  readonly known?: readonly string[];
}

/** Asks the agent or the module for its parameters; of another type the table is known. Starts nothing that stays. */
export async function lookAtParameters(parts: LookParts, asked: ParametersAsked): Promise<ParameterReport> {
  const { type: name, module, values } = asked;
  if (module !== undefined) {
    if ((await parts.outside.files.stat(module)) === undefined) return { problems: [], lacks: module };
    const { parameters, moreParameters } = await describeModule(parts, module);
    return {
      problems: findProblems(asKinds(values, parameters), parameters, moreParameters),
      known: namesOf(parameters),
    };
  }
  const type = findResourceType(name);
  if (type === undefined) return { problems: [] };
  const problems = findProblems(values, type.parameters, type.moreParameters);
  return isOcfType(name) ? lookAtAgent(parts, values, problems) : { problems, known: namesOf(type.parameters) };
}

function namesOf(rows: readonly { readonly name: string }[]): readonly string[] {
  return rows.map(({ name }) => name);
}

async function lookAtAgent(
  { outside, environment }: LookParts,
  values: readonly Value[],
  problems: readonly ParameterProblem[],
): Promise<ParameterReport> {
  const parameters = parametersOf(values, ocfRows);
  const name = parameters.text("OcfAgent");
  if (name === undefined) return { problems };
  const root = environment["OCF_ROOT"] ?? "/usr/lib/ocf";
  const path = agentFile(root, name);
  if (path === undefined) {
    const sentence = `OcfAgent is ${name}; it is written ocf:PROVIDER:NAME, such as ocf:heartbeat:IPaddr2.`;
    return { problems: [...problems, { name: "OcfAgent", isMissing: false, sentence }] };
  }
  if ((await outside.files.stat(path)) === undefined) return { problems, lacks: path };
  const { code, lines } = await outputOf(outside, [path, "meta-data"], { ...environment, OCF_ROOT: root });
  if (code !== 0) {
    throw fail("INVALID_DATA", {
      happened: `${path} meta-data ended with ${code ?? "nothing in time"}.`,
      unchanged: "Nothing was changed.",
      next: `Run it by hand: OCF_ROOT=${root} ${path} meta-data.`,
    });
  }
  const metadata = parseOcfMetadata(lines.join("\n"), path);
  const known = namesOf([...ocfRows, ...metadata.parameters]);
  return { problems: [...problems, ...ocfProblems(metadata, parameters)], known };
}

/** @throws FILE_NOT_FOUND, INVALID_DATA when it is no resource type */
export async function describeModule(
  { outside, environment, runner }: LookParts,
  module: string,
): Promise<TypeDescription> {
  if ((await outside.files.stat(module)) === undefined) {
    throw fail("FILE_NOT_FOUND", {
      happened: `There is no ${module}.`,
      unchanged: "Nothing was changed.",
      next: "Correct the path: a module lies in the same place on every node.",
    });
  }
  const { lines, errors, code } = await outputOf(outside, [...runner, "--describe", module], environment);
  const told = lines.findLast((line) => line.startsWith(describedPrefix));
  if (code === 0 && told !== undefined) return JSON.parse(told.slice(describedPrefix.length)) as TypeDescription;
  const why = code === undefined ? `it did not say what it is within ${limit / 1000} s` : errors.slice(-3).join(" ");
  throw fail("INVALID_DATA", {
    happened: `${module} is no resource type: ${why || `it ended with ${code}`}`,
    unchanged: "Nothing was changed.",
    next: "See docs/manual/resource-types.md.",
  });
}

/** `code` is undefined when it was killed, by us after the limit. */
async function outputOf(
  { processes, timers }: Pick<Outside, "processes" | "timers">,
  [command = "", ...args]: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{
  readonly code: number | undefined;
  readonly lines: readonly string[];
  readonly errors: readonly string[];
}> {
  const lines: string[] = [];
  const errors: string[] = [];
  const child = await processes.start({ command, args, environment, folder: "/", output: "lines" });
  child.onLine((line, from) => void (from === "stdout" ? lines : errors).push(line));
  const over = new AbortController();
  const late = timers.sleep(limit, over.signal).then(() => "late" as const);
  const first = await Promise.race([child.ended, late]);
  over.abort();
  if (first === "late") await processes.signal(child.identity, "SIGKILL");
  const end = await child.ended;
  return { code: "code" in end ? end.code : undefined, lines, errors };
}
