/** How commands are declared: the same words for options, arguments and errors everywhere. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { PropertyInput } from "../database/commands/properties.ts";
import type { Cli } from "./cli.ts";
import { usage } from "./exit.ts";

/** Declares the verbs of a noun on its command; with `asked`, the word after the noun, perhaps only those that it may mean. */
export type Define = (noun: Command, cli: Cli, asked?: string) => void;

/** Options that count before the noun and after the verb alike. */
export function globalOptions(): Option[] {
  return [
    new Option("--json", "results and errors as JSON"),
    new Option("--at-least <tag>", "wait until the node has the database at this tag"),
    new Option("-y, --yes", "answer questions with yes"),
  ];
}

/** A verb of a noun: `verb(noun, "move <group> [node]", "…")`. */
export function verb(noun: Command, usageText: string, summary: string): Command {
  return finish(noun.command(usageText).description(summary));
}

/** Gives a command what all have. */
export function finish(command: Command): Command {
  for (const option of globalOptions()) command.addOption(option.hideHelp());
  return command
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .allowExcessArguments(false);
}

/** `name=value …` as properties; the same name twice is refused. */
export function assignments(words: readonly string[]): Record<string, PropertyInput> {
  const properties: Record<string, PropertyInput> = Object.create(null) as Record<string, PropertyInput>;
  for (const word of words) {
    const at = word.indexOf("=");
    if (at <= 0) throw usage(`"${word}" is not of the form name=value.`);
    const name = word.slice(0, at);
    if (name in properties) throw usage(`"${name}" is given twice.`);
    properties[name] = word.slice(at + 1);
  }
  return properties;
}

/** Adds names whose values are taken away. */
export function withUnset(
  properties: Record<string, PropertyInput>,
  unset: readonly string[] = [],
): Record<string, PropertyInput> {
  for (const name of unset) {
    if (name in properties) throw usage(`"${name}" is given twice.`);
    properties[name] = null;
  }
  if (Object.keys(properties).length === 0) throw usage("No property was given.", "Write name=value, or --unset NAME.");
  return properties;
}

/** `--unset NAME`, again and again. */
export function unsetOption(): Option {
  return new Option("--unset <name...>", "take the value away, so that the default counts");
}

/** For commander: a whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** `--wait [seconds]`; true is the default of a minute. */
export function waitOption(what: string): Option {
  return new Option("--wait [seconds]", `wait until ${what} (60 s unless said otherwise)`).argParser(
    wholeNumber(1, 86_400),
  );
}

/** Everything that examples and notes say below the help of a command. */
export function notes(command: Command, text: string): Command {
  return command.addHelpText("after", `\n${text}`);
}
