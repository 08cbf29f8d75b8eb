/** The whole command as commander's tree; a noun's verbs are declared when it is used. */
import { Command, Option } from "commander";
import { dataFolder } from "../base/outside-node-folder.ts";
import about from "../../package.json" with { type: "json" };
import type { Cli } from "./cli.ts";
import { exitCodesText, usage } from "./exit.ts";
import type { Noun } from "./nouns.ts";
import { finish, globalOptions } from "./verbs.ts";

/** Makes the command of these nouns. `wide` loads all at once, for the reference. */
export async function makeProgram(cli: Cli, nouns: readonly Noun[], wide = false): Promise<Command> {
  const { terminal } = cli;
  const program = new Command("clubar")
    .description("A failover cluster whose configuration you can always get back.")
    .version(about.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand(false)
    .addOption(new Option("--data <folder>", "the node's data folder; before the noun").env("CLUBAR_DATA"))
    .addOption(
      new Option("--host <url>", "ask the node at https://HOST:PORT or unix:/PATH instead; before the noun").env(
        "CLUBAR_HOST",
      ),
    )
    .addOption(
      new Option("--certificate <file>", "file of `user certificate` for --host; before the noun").env(
        "CLUBAR_CERTIFICATE",
      ),
    )
    .enablePositionalOptions()
    .configureHelp({ helpWidth: 100 })
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.out(text), writeErr: () => undefined })
    .addHelpText(
      "after",
      `
The classic words work, too:
  clubar b[ackup] CLUSTER PATH
  clubar r[estore] PATH [no]force [DRIVE]

\`clubar help NOUN\` tells more, \`clubar help exit-codes\` lists the exit codes.`,
    );
  for (const option of globalOptions()) program.addOption(option);
  for (const noun of nouns) {
    const command = program.command(noun.words).description(noun.summary).helpGroup(`${noun.part}:`);
    inherit(command, program);
    if (wide) (await noun.load())(command, cli);
  }
  const help = program
    .command("help [words...]")
    .description("Show help on a command or on exit codes")
    .helpGroup("Other:");
  finish(help).action((words: string[]) => showHelp(program, cli, words, nouns));
  program.hook("preSubcommand", async (_, command) => {
    if (!wide) await fill(command, cli, nouns);
  });
  program.hook("preAction", (_, command) => settle(program, cli, command));
  return program;
}

function inherit(command: Command, from: Command): void {
  command.copyInheritedSettings(from).exitOverride().enablePositionalOptions().helpCommand(false);
}

const filled = new WeakSet<Command>();

async function fill(command: Command, cli: Cli, nouns: readonly Noun[]): Promise<void> {
  const noun = nouns.find(({ words }) => words.split(" ", 1)[0] === command.name());
  if (noun === undefined || filled.has(command)) return;
  filled.add(command);
  (await noun.load())(command, cli, command.parent?.args[1]);
  const program = command.parent;
  if (program === null || command.commands.length === 0) return;
  const help = finish(command.command("help [words...]", { hidden: true }).description("Show help on a command"));
  help.action((words: string[]) => showHelp(program, cli, [command.name(), ...words], nouns));
}

/** Reads the global options of this call, wherever they stood. */
function settle(program: Command, cli: Cli, command: Command): void {
  const all: Record<string, unknown> = {};
  for (let one: Command | null = command; one !== null && one !== program; one = one.parent)
    Object.assign(all, one.opts());
  const global = program.opts<{
    data?: string;
    host?: string;
    certificate?: string;
    json?: boolean;
    atLeast?: string;
    yes?: boolean;
  }>();
  if (global.data === "") throw usage("--data names no folder.", "Was a variable of a script not set?");
  const atLeast = global.atLeast ?? (typeof all["atLeast"] === "string" ? all["atLeast"] : undefined);
  cli.settings = {
    data: dataFolder(global.data ?? cli.terminal.environment["CLUBAR_DATA"]),
    host: global.host ?? cli.terminal.environment["CLUBAR_HOST"],
    certificate: global.certificate ?? cli.terminal.environment["CLUBAR_CERTIFICATE"],
    json: global.json === true || all["json"] === true,
    atLeast,
    yes: global.yes === true || all["yes"] === true,
  };
}

async function showHelp(program: Command, cli: Cli, words: readonly string[], nouns: readonly Noun[]): Promise<void> {
  if (words.length === 1 && /^exit-?codes?$/i.test(words[0] ?? "")) {
    cli.terminal.out(exitCodesText());
    return;
  }
  let command = program;
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word.toLowerCase());
    if (next === undefined) throw usage(`There is no command "${words.join(" ")}".`);
    await fill(next, cli, nouns);
    command = next;
  }
  cli.terminal.out(helpOf(command));
}

/** The help of a command as text. */
export function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}
