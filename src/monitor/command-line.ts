import { fail } from "../base/errors.ts";

/**
 * The words of a command line: separated by blanks; single quotes keep everything, double quotes all but `\"` and `\\`; outside quotes a
 * backslash takes the next character as it is. No variables, no patterns, no pipes: who wants those calls a shell.
 * @throws INVALID_PARAMETER when a quote is not closed or there is no word
 */
export function splitCommandLine(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let index = 0; index < line.length; index++) {
    const char = line.charAt(index);
    const next = line.charAt(index + 1);
    if (quote === "'" || quote === '"') {
      if (char === quote) quote = "";
      else if (quote === '"' && char === "\\" && (next === '"' || next === "\\")) word += line.charAt(++index);
      else word += char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (char === "\\" && next !== "") word = (word ?? "") + line.charAt(++index);
    else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  if (word !== undefined) words.push(word);
  if (quote !== "" || words.length === 0) {
    throw fail("INVALID_PARAMETER", {
      happened:
        words.length === 0 ? "The command line is empty." : `The command line has a ${quote} without its end: ${line}`,
      unchanged: "Nothing was started.",
      next: "Correct the command line.",
    });
  }
  return words;
}
