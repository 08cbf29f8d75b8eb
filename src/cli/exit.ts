/** How a command ends: exit codes, and how a failure is told. */
import { CommanderError } from "commander";
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { OutsideError } from "../base/outside.ts";
import type { ErrorAnswer } from "../api/app.ts";
import { oneLine } from "./render/table.ts";

/** Every exit code and what it says; an unknown one is a failure. */
export const exitCodes: readonly (readonly [number, string])[] = [
  [0, "done"],
  [1, "failed"],
  [2, "usage: the command line or a value in it is wrong; nothing was done"],
  [3, "refused for safety"],
  [4, "partly done"],
  [5, "an artefact (backup set, hive, checkpoint, log) is damaged"],
  [6, "no quorum: the cluster has no leader"],
  [7, "a key is missing or wrong"],
  [8, "not found"],
  [9, "already so, or in conflict with what is there"],
  [10, "locked or busy"],
  [11, "cannot reach the service or a node"],
  [12, "permission denied"],
  [13, "version not supported"],
  [75, "try again: not ready, or the outcome is unknown"],
  [124, "timed out"],
  [130, "interrupted, or not confirmed"],
];

/** The table of exit codes for people. */
export function exitCodesText(): string {
  const lines = exitCodes.map(([code, meaning]) => `${String(code).padStart(5)}  ${meaning}`);
  return `Exit codes of clubar:\n\n${lines.join("\n")}

A code that is not listed is a failure. With --json the error is one JSON object on standard error.
`;
}

/**
 * What was thrown as a row of the error table; undefined when it is no error (help, version). `onlyRead`: until now the command only read,
 * so a refusal of the system has changed nothing.
 */
export function failureOfThrown(thrown: unknown, onlyRead = false): Failure | undefined {
  if (thrown instanceof OutsideError && onlyRead) {
    const { name, happened, next } = failureOf(thrown);
    return fail(name, { happened, unchanged: "Nothing was changed.", next, cause: thrown });
  }
  if (!(thrown instanceof CommanderError)) return failureOf(thrown);
  if (thrown.exitCode === 0) return undefined;
  return usage(sentenceOf(thrown));
}

const seeHelp = "See `clubar help`.";

/** The same failure; where it sends to the help, to that of these commands (`resource depend`). */
export function withHelpOf(failure: Failure, commands: readonly string[]): Failure {
  const { name, happened, unchanged, next } = failure;
  if (next !== seeHelp || commands.length === 0) return failure;
  return fail(name, { happened, unchanged, next: `See \`clubar help ${commands.join(" ")}\`.` });
}

/** The command line is wrong (exit 2). */
export function usage(happened: string, next: string = seeHelp): Failure {
  return fail("USAGE", { happened, unchanged: "Nothing was done.", next });
}

/** Commander's `error: unknown option '--x'\n(Did you mean --y?)` as sentences. */
function sentenceOf(error: CommanderError): string {
  if (error.code === "commander.help" || error.message === "(outputHelp)")
    return "A word is missing after the command.";
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const said = first === "" ? "The command line is wrong" : first.charAt(0).toUpperCase() + first.slice(1);
  const hint = rest.join(" ").replace(/[()]/g, "").trim();
  const full = `${said}${/[.?!]$/.test(said) ? "" : "."}`;
  if (said.includes("Unknown option '--data'")) return `${full} --data stands before the noun.`;
  return hint === "" ? full : `${full} ${hint}`;
}

/** A failure for standard error: three sentences, a line each, or one JSON object. */
export function failureText(failure: Failure, json: boolean): string {
  const { name, win32, exit, happened, unchanged, next } = failure;
  if (json) return `${JSON.stringify({ name, win32, exit, happened, unchanged, next } satisfies ErrorAnswer)}\n`;
  const lines = [`clubar: ${happened}`, unchanged, next].filter((line) => line !== "");
  return `${lines.map((line) => line.split("\n").map(oneLine).join("\n")).join("\n")}\n`;
}
