/** Parses a command line, runs one command, answers its exit code. */
import { fail } from "../base/errors.ts";
import { classicWords } from "./classic.ts";
import { Cli, type CliParts } from "./cli.ts";
import { failureOfThrown, failureText } from "./exit.ts";
import { makeProgram } from "./program.ts";

/** Runs the command with these arguments; resolves with the exit code and never rejects. */
export async function runCli(argv: readonly string[], parts: CliParts): Promise<number> {
  const cli = new Cli(parts);
  try {
    const program = await makeProgram(cli);
    if (argv.length === 0) {
      program.outputHelp();
      throw fail("USAGE", {
        happened: "No command was given.",
        unchanged: "Nothing was done.",
        next: "Name one of the commands above.",
      });
    }
    await program.parseAsync(classicWords(argv), { from: "user" });
    return cli.exit;
  } catch (thrown) {
    const failure = failureOfThrown(thrown);
    if (failure === undefined) return 0;
    parts.terminal.err(failureText(failure, cli.settings.json || argv.includes("--json")));
    return failure.exit === 0 ? 1 : failure.exit;
  }
}
