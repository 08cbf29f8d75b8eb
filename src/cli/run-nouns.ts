/** Parses a command line, runs one command of some nouns, answers its exit code. */
import type { Command } from "commander";
import { fail } from "../base/errors.ts";
import { classicWords } from "./classic.ts";
import { Cli, type CliParts } from "./cli.ts";
import { failureOfThrown, failureText, withHelpOf } from "./exit.ts";
import type { Noun } from "./nouns.ts";
import { makeProgram } from "./program.ts";

/** Runs the command with these arguments; resolves with the exit code and never rejects. Other nouns are unknown to it. */
export async function runNouns(nouns: readonly Noun[], argv: readonly string[], parts: CliParts): Promise<number> {
  const cli = new Cli(parts);
  let words: readonly string[] = [];
  let program: Command | undefined;
  try {
    program = await makeProgram(cli, nouns);
    if (argv.length === 0) {
      program.outputHelp();
      throw fail("USAGE", {
        happened: "No command was given.",
        unchanged: "Nothing was done.",
        next: "Name one of the commands above.",
      });
    }
    const parsed = program.parseAsync(classicWords(argv), { from: "user" });
    words = program.args;
    await parsed;
    return cli.exit;
  } catch (thrown) {
    const failure = failureOfThrown(thrown, !cli.hasAgreed && looksFirst(words));
    if (failure === undefined) return 0;
    parts.terminal.err(
      failureText(withHelpOf(failure, known(program, words)), cli.settings.json || argv.includes("--json")),
    );
    return failure.exit === 0 ? 1 : failure.exit;
  }
}

/** The words at the beginning that are commands. */
function known(program: Command | undefined, words: readonly string[]): readonly string[] {
  let at = program;
  const commands: string[] = [];
  for (const word of words) {
    at = at?.commands.find((one) => one.name() === word);
    if (at === undefined) break;
    commands.push(word);
  }
  return commands;
}

/** Commands that only read until a person agrees: what they could not read has changed nothing. */
const reading: readonly string[] = [
  "verify",
  "inspect",
  "diff",
  "restore",
  "vss restore",
  "reg import",
  "key import",
  "backup list",
];

function looksFirst(words: readonly string[]): boolean {
  return [words[0], words.slice(0, 2).join(" ")].some((one) => one !== undefined && reading.includes(one));
}
