/** The whole command, for whoever runs it. */
import type { CliParts } from "./cli.ts";
import { nouns } from "./nouns.ts";
import { runNouns } from "./run-nouns.ts";

/** Runs the command with these arguments; resolves with the exit code and never rejects. */
export function runCli(argv: readonly string[], parts: CliParts): Promise<number> {
  return runNouns(nouns, argv, parts);
}
