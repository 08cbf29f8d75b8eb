/** `clubar hive …` alone, which has less to load: what the built command starts when its first word is `hive`. */
import { hiveNoun } from "./hive-noun.ts";
import { runNouns } from "./run-nouns.ts";
import { openTerminal } from "./terminal.ts";

process.exitCode = await runNouns([hiveNoun], process.argv.slice(2), { terminal: openTerminal() });
