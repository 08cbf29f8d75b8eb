/** The classic sample's words: `b[ackup] {cluster} {path}` and `r[estore] {path} {[no]force} [{drive}]` (facts §2.3). */

/** Global options that take a value. */
const withValue = new Set(["--data", "--host", "--certificate", "--at-least"]);

/**
 * The arguments with a classic word spelt out: any prefix of "backup" or "restore", in any case. A cut word (`b`, `BACK`) always means the
 * classic form; only the whole word `backup` has verbs of its own.
 */
export function classicWords(argv: readonly string[]): string[] {
  const at = firstWord(argv);
  const word = argv[at]?.toLowerCase() ?? "";
  const rest = argv.slice(at + 1);
  const before = argv.slice(0, at);
  if (word === "") return [...argv];
  if ("restore".startsWith(word)) return [...before, "restore", ...rest];
  if (!"backup".startsWith(word)) return [...argv];
  const isList = argv[at] === "backup" && rest[0] === "list";
  const isHelp = rest.length === 0 || rest.includes("--help") || rest.includes("-h");
  return [...before, "backup", ...(isList || isHelp ? [] : ["take"]), ...rest];
}

function firstWord(argv: readonly string[]): number {
  let at = 0;
  while (at < argv.length) {
    const word = argv[at] ?? "";
    if (!word.startsWith("-")) return at;
    at += withValue.has(word) ? 2 : 1;
  }
  return argv.length;
}
