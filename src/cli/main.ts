/** `clubar`: the command. */
import { runCli } from "./run.ts";
import { openTerminal } from "./terminal.ts";

process.exitCode = await runCli(process.argv.slice(2), { terminal: openTerminal() });
