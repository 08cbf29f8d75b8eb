/** Sizes that keep a file readable at one sitting. */
import { maskCode } from "./mask.ts";
import type { Finding, Rule } from "./source.ts";

const mostFileLines = 400;
const mostFunctionLines = 70;
const mostColumns = 140;

const isCode = (path: string): boolean => /\.(tsx?|mjs)$/.test(path);

/** A file has at most 400 lines. */
export const filesAreShort: Rule = (sources) =>
  sources.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split("\n").length;
    return isCode(path) && lines > mostFileLines ? [`${path}: ${lines} lines, at most ${mostFileLines}`] : [];
  });

/** A line has at most 140 columns. */
export const linesAreShort: Rule = (sources) =>
  sources.flatMap(({ path, text }) =>
    !isCode(path)
      ? []
      : text
          .split("\n")
          .flatMap((line, index) =>
            line.length > mostColumns ? [`${path}:${index + 1}: ${line.length} columns, at most ${mostColumns}`] : [],
          ),
  );

const notMethods = "if|for|while|switch|catch|with|return|await|super";
const methodHead =
  "^\\s*(?:(?:public|private|protected|static|override|async|get|set)\\s+)*\\*?#?" +
  `(?!(?:${notMethods})\\b)[\\w$]+(?:<[^>]*>)?\\((?:.*\\)[^;]*\\{)?$`;
const functionHead = new RegExp(`\\bfunction\\b|=>\\s*\\{$|${methodHead}`);

/** A function has at most 70 lines; a `describe` only holds others. Sees functions laid out as the formatter does. */
export const functionsAreShort: Rule = (sources) =>
  sources.flatMap((source) => (isCode(source.path) ? longFunctions(source.path, maskCode(source.text)) : []));

function longFunctions(path: string, code: string): Finding[] {
  const lines = code.split("\n").map((line) => line.trimEnd());
  return lines.flatMap((line, start) => {
    if (!functionHead.test(line) || /\b(describe|suite)\(/.test(line)) return [];
    const end = endOf(lines, start);
    const length = end - start + 1;
    return length > mostFunctionLines
      ? [`${path}:${start + 1}: a function of ${length} lines, at most ${mostFunctionLines}`]
      : [];
  });
}

/** The line of the `}` that closes what opens on `start`: the first one with its indentation that opens nothing again. */
function endOf(lines: readonly string[], start: number): number {
  const indent = /^\s*/.exec(lines[start] ?? "")?.[0] ?? "";
  for (let at = start + 1; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (line.startsWith(`${indent}}`) && !line.endsWith("{")) return at;
    // A call or a declaration without a body, laid out over several lines, ends here.
    if (line.startsWith(`${indent})`) && !line.endsWith("{")) return start;
  }
  return start;
}
