/** Names, words and comments. */
import { maskCode } from "./mask.ts";
import { isTest, lineAt } from "./source.ts";
import type { Finding, Rule, Source } from "./source.ts";

const isCode = (path: string): boolean => /\.(tsx?|mjs)$/.test(path);

function eachLine(
  sources: readonly Source[],
  finding: (line: string, source: Source) => string | undefined,
): Finding[] {
  return sources.flatMap((source) =>
    source.text.split("\n").flatMap((line, index) => {
      const found = finding(line, source);
      return found === undefined ? [] : [`${source.path}:${index + 1}: ${found}`];
    }),
  );
}

/** File and folder names are kebab-case and say what is inside. */
export const namesAreKebabCase: Rule = (sources) =>
  sources.flatMap(({ path }) => {
    if (!isCode(path)) return [];
    const parts = path.replace(/(\.test)?\.(tsx?|mjs)$/, "").split("/");
    const bad = parts.filter((part) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(part));
    if (bad.length > 0) return [`${path}: ${bad.join(", ")} is not kebab-case`];
    const empty = /^(utils?|helpers?|misc|common|stuff)$/.exec(parts.at(-1) ?? "");
    return empty === null ? [] : [`${path}: "${empty[0]}" does not say what is inside`];
  });

/** No default exports, no enums, no namespaces. */
export const bannedSyntax: Rule = (sources) =>
  sources.flatMap((source) => {
    if (!isCode(source.path)) return [];
    const code = maskCode(source.text);
    return [
      ...code.matchAll(/^\s*(export default\b|(?:export )?(?:declare )?(?:const )?(?:enum|namespace) \w+)/gm),
    ].map((match) => `${source.path}:${lineAt(code, match.index)}: ${match[1]?.trim()} is not used here`);
  });

const promises = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X"].join("|")})\\b`);

/** Work to do is not written into the sources. */
export const noPromises: Rule = (sources) =>
  eachLine(sources, (line, { path }) => {
    const word = isCode(path) ? promises.exec(line)?.[0] : undefined;
    return word === undefined ? undefined : `says ${word}; do it or leave it out`;
  });

const machinePath = new RegExp(`(^|[\\s"'\`(=:])(/${"work"}/|/${"root"}/|/${"home"}/[a-z])`);

/** No path of the machine somebody works on. */
export const noMachinePaths: Rule = (sources) =>
  eachLine(sources, (line) => (machinePath.test(line) ? "carries a path of one machine" : undefined));

const deadCode =
  /^\s*\/\/\s*((const|let|var|return|throw|await|import|export|if|for|while|switch)\b.*[;{]|[\w.#]+\(.*\);|[\w.]+ = .*;|\}.*)$/;

/** Code that does not run is not kept in comments. */
export const noCommentedOutCode: Rule = (sources) =>
  eachLine(sources, (line, { path }) =>
    isCode(path) && deadCode.test(line) ? "looks like commented-out code" : undefined,
  );

const exported = /^export (?:declare )?(?:abstract )?(?:async )?(function\*?|class|const|let|interface|type) (\w+)/;

/** What a source file exports says what it is, in a docstring right above. */
export const exportsAreExplained: Rule = (sources) =>
  sources.flatMap((source) => {
    if (!/^(src|web)\//.test(source.path) || isTest(source.path)) return [];
    const lines = source.text.split("\n");
    const seen = new Set<string>();
    return lines.flatMap((line, index) => {
      const match = exported.exec(line);
      const name = match?.[2];
      if (name === undefined || seen.has(name)) return [];
      seen.add(name);
      const explained = lines[index - 1]?.trimEnd().endsWith("*/") === true;
      return explained ? [] : [`${source.path}:${index + 1}: export ${name} has no docstring`];
    });
  });

/** What a file or folder writes to disk or to another node; each is described byte by byte in docs/formats. */
const formats = [
  "src/base/journal.ts",
  "src/tree/edit-codec.ts",
  "src/hive",
  "src/registry",
  "src/quorum/disk",
  "src/rpc",
  "src/database/update-codec.ts",
  "src/checkpoint",
  "src/backup",
];

/** Every format that is there has a page in docs/formats, and that page names its sources. */
export const formatsAreDescribed: Rule = (sources) => {
  const pages = sources.filter(({ path }) => path.startsWith("docs/formats/")).map(({ text }) => text);
  return formats.flatMap((format) => {
    const there = sources.some(({ path }) => path === format || (path.startsWith(`${format}/`) && !isTest(path)));
    return there && !pages.some((text) => text.includes(format)) ? [`${format}: no page of docs/formats names it`] : [];
  });
};
