/** Commands as lines for the shells that begin them: words NAME=VALUE before the program are its environment. */
import { fail } from "../base/errors.ts";

/** What a request ends with that was killed for the time it took, as a shell says it of SIGKILL. */
export const callKilled = 137;

/** One word for a POSIX shell. */
export function quoteWord(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** A command for a POSIX shell, on one line where no word holds a line break. */
export function commandLine(words: readonly string[]): string {
  const program = programAt(words);
  const quoted = words.map((word, index) => {
    const equals = program === -1 || index < program ? word.indexOf("=") + 1 : 0;
    return `${word.slice(0, equals)}${quoteWord(word.slice(equals))}`;
  });
  return quoted.join(" ");
}

/** The same command, begun by another program, whose words are `prefix`. */
export function begunBy(prefix: readonly string[], words: readonly string[]): readonly string[] {
  const program = programAt(words);
  return program === -1 ? words : [...words.slice(0, program), ...prefix, ...words.slice(program)];
}

/** The same command with this environment; what no shell can name goes through env(1). */
export function inEnvironment(
  environment: Readonly<Record<string, string>>,
  words: readonly string[],
): readonly string[] {
  const all = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const odd = all.filter((word) => !isAssignment(word));
  return [...all.filter(isAssignment), ...(odd.length === 0 ? words : begunBy(["env", ...odd], words))];
}

/** @throws INVALID_PARAMETER: a request is one line */
export function refuseLineBreaks(resource: string, words: readonly string[]): void {
  if (!words.some((word) => word.includes("\n"))) return;
  throw fail("INVALID_PARAMETER", {
    happened: `A command of ${resource} holds a line break.`,
    unchanged: "It was not run.",
    next: "Put it into a script file.",
  });
}

function programAt(words: readonly string[]): number {
  return words.findIndex((word) => !isAssignment(word));
}

function isAssignment(word: string): boolean {
  return /^[A-Za-z_]\w*=/.test(word);
}
