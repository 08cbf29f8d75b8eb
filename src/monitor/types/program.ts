/** What types share that run programs: the registry as environment, another user, output that the type itself reads. */
import { fail } from "../../base/errors.ts";
import { valuesOf } from "../../tree/key.ts";
import type { Application } from "../application.ts";
import { type ParameterRow, valueText } from "../parameters.ts";
import type { ResourceContext } from "../resource-type.ts";
import { lastLines, logEnd, saying } from "./exit-reason.ts";

/** Rows of every type that runs a program of the user's. */
export const programRows: readonly ParameterRow[] = [
  {
    name: "CurrentDirectory",
    kind: "text",
    required: false,
    meaning: "Its working folder; by default the resource's folder on the node, with User that user's home.",
  },
  {
    name: "EnvironmentKey",
    kind: "text",
    required: false,
    meaning: "A registry path below HKLM; each of its values becomes an environment variable of that name.",
  },
  { name: "User", kind: "text", required: false, meaning: "It runs as this user; by default as the host does." },
];

/** The values of the key EnvironmentKey as environment variables. @throws FILE_NOT_FOUND when the key is not there */
export async function environmentOfKey(context: ResourceContext): Promise<Record<string, string>> {
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

/** $1 user, $2 "home" or "stay", then the words. The user's groups and home come with it. */
const becomeUser =
  'u=$1; g=$(id -g -- "$u") || exit 126; h=$(getent passwd -- "$u" | cut -d: -f6); [ "$2" = stay ] || cd "${h:-/}" || exit 126; ' +
  'shift 2; exec setpriv --reuid="$u" --regid="$g" --init-groups -- env HOME="${h:-/}" USER="$u" LOGNAME="$u" "$@"';

/** The words that run `words` as the resource's User, if it names one. */
export function asUser({ resource }: ResourceContext, words: readonly string[]): readonly string[] {
  const user = resource.parameters.text("User");
  if (user === undefined || words.length === 0) return words;
  return ["sh", "-c", becomeUser, "sh", user, whereOf(resource), ...words];
}

function whereOf({ parameters }: ResourceContext["resource"]): "home" | "stay" {
  return parameters.text("CurrentDirectory") === undefined ? "home" : "stay";
}

/**
 * $1 user, $2 path of a program or "", $3 "home" or "stay": 3 when there is no such user, 4 when it can't begin at home or may not run the
 * program, another code when this process can't become it.
 */
const tryUser =
  'g=$(id -g -- "$1") || exit 3; h=$(getent passwd -- "$1" | cut -d: -f6); [ "$3" = stay ] || cd "${h:-/}" || exit 4; ' +
  'exec setpriv --reuid="$1" --regid="$g" --init-groups -- ' +
  'sh -c \'[ -z "$1" ] || [ -x "$1" ] || exit 4\' sh "$2"';

/**
 * Whether the resource's User may run `program`, as far as that can be told from its path; true without a User.
 * @throws INVALID_PARAMETER when the machine has no such user, or the host may not run anything as that user
 */
export async function mustKnowUser(
  { outside, resource, environment }: ResourceContext,
  program: string,
): Promise<boolean> {
  const user = resource.parameters.text("User");
  if (user === undefined) return true;
  const args = ["-c", tryUser, "sh", user, program.startsWith("/") ? program : "", whereOf(resource)];
  const child = await outside.processes.start({ command: "sh", args, environment, output: "lines" });
  let said = "";
  child.onLine((line) => (said = line));
  const end = await child.ended;
  if ("code" in end && (end.code === 0 || end.code === 4)) return end.code === 0;
  const unchanged = "The program was not started.";
  if ("code" in end && end.code === 3) {
    throw fail("INVALID_PARAMETER", {
      happened: `${resource.name}: this machine has no user ${user} (User).`,
      unchanged,
      next: "Make the user on every possible owner, or correct User.",
    });
  }
  throw fail("INVALID_PARAMETER", {
    happened: `${resource.name}: clubar's service may not run programs as user ${user} (User): ${said}.`,
    unchanged,
    next: "Run the service as root, or leave User out.",
  });
}

/** What a command has said, and its exit code; undefined when its container or the signal ended first: that is no answer. */
export interface Said {
  readonly code: number | undefined;
  /** Standard output; nothing where there is no answer. */
  readonly text: string;
}

const keepOutput = 'f=$1; shift; exec "$@" >"$f"';

/** Runs a command in a container of the resource and reads its standard output. Not twice at once. */
export async function ask(
  { outside, folder }: ResourceContext,
  application: Application | undefined,
  words: readonly string[],
  signal: AbortSignal,
): Promise<Said> {
  const file = `${folder}/said`;
  const code = await application?.call(["sh", "-c", keepOutput, "sh", file, ...words], signal);
  if (code === undefined) return { code, text: "" };
  return { code, text: new TextDecoder().decode(await outside.files.read(file)) };
}

/** What a command answers on standard output. @throws RESOURCE_FAILED saying why there is none: an empty text is an answer */
export async function answerOf(
  context: ResourceContext,
  application: Application | undefined,
  words: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const from = await logEnd(context);
  const { code, text } = await ask(context, application, words, signal);
  if (code === 0) return text;
  throw await noAnswer(context, { what: words.join(" "), code, from, signal });
}

/** RESOURCE_FAILED for a command that failed, or was cut off (no code): what was printed last says why. `from`: the log's end before it. */
export async function noAnswer(
  context: ResourceContext,
  asked: {
    readonly what: string;
    readonly code: number | undefined;
    readonly from: number;
    readonly signal: AbortSignal;
  },
): Promise<Error> {
  const { what, code, from, signal } = asked;
  // What ended its container was printed before it was asked.
  const lines = await lastLines(context, code === undefined ? 0 : from, 1);
  const cutOff = `had no answer: ${signal.aborted ? "it took too long" : "what it runs in has ended"}`;
  const how = code === undefined ? cutOff : `ended with code ${code}`;
  return fail("RESOURCE_FAILED", {
    happened: `${context.resource.name}: ${what} ${how}${lines.length === 0 ? "" : "; the log ends with"}${saying(lines)}.`,
    next: `What was printed is in ${context.folder}/output.log.`,
  });
}
