/** `docs/reference/cli.md`: every command as commander knows it. */
import type { Command } from "commander";
import { Cli } from "./cli.ts";
import { exitCodes } from "./exit.ts";
import { nouns } from "./nouns.ts";
import { helpOf, makeProgram } from "./program.ts";
import type { Terminal } from "./terminal.ts";

/** The page. `terminal` is only looked at for its environment. */
export async function cliReference(terminal: Terminal): Promise<string> {
  const program = await makeProgram(new Cli({ terminal }), nouns, true);
  const parts = [
    "# The command line",
    "",
    "Made from the command's own definitions by `tools/generate-cli-reference.mjs`.",
    "",
    ...section(program, []),
    "## Exit codes",
    "",
    "| code | meaning |",
    "|---|---|",
    ...exitCodes.map(([code, meaning]) => `| ${code} | ${meaning} |`),
    "",
    "A code that is not listed is a failure.",
    "",
  ];
  return parts.join("\n");
}

function section(command: Command, above: readonly string[]): string[] {
  const words = [...above, command.name()];
  const level = "#".repeat(Math.min(words.length + 1, 4));
  const help = helpOf(command).trimEnd();
  const own = [`${level} ${words.join(" ")}`, "", "```text", help, "```", ""];
  return [...own, ...command.commands.flatMap((one) => section(one, words))];
}
