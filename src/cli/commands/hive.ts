import { type Command, Option } from "commander";
import type { CatOptions, ListOptions, TreeOptions } from "./hive/look.ts";
import type { FindOptions } from "./hive/find.ts";
import type { InfoOptions } from "./hive/info.ts";
import type { CheckOptions } from "./hive/mend.ts";
import type { ReadOptions } from "./hive/open-file.ts";
import type { ExportOptions, ImportOptions, OutOptions, SaveOptions } from "./hive/text.ts";
import { usage } from "../exit.ts";
import { defineDiff } from "./diff.ts";
import { type Define, notes, verb, wholeNumber } from "../verbs.ts";

/** `clubar hive …`. */
export const defineHive: Define = (noun, cli, asked = "") => {
  // Declaring all verbs takes as long as some of them work.
  if (looks.has(asked)) {
    defineLooks(noun, cli);
    return;
  }
  defineLooks(noun, cli);
  defineTexts(noun, cli);
  defineMends(noun, cli);
  defineDiff(
    noun.command("diff <a> <b>").description("Compare two hives, checkpoints, sets, .reg files or live keys"),
    cli,
  );
  notes(
    noun,
    `FILE is any registry hive: ClusDb, chk????.tmp, a .CPT, NTUSER.DAT, SYSTEM … Needs no service; verbs that read leave no trace.
PATH is below the root of the hive, or begins with the place where Windows mounts it (HKLM\\SYSTEM). * and ? stand for parts of a
name, ** for any keys between. In a shell, put paths in single quotes: 'ControlSet00?\\Services\\*'.
A hive that was not written to its end shows its last state with --recover, which applies the log files beside it.`,
  );
};

/** A verb that reads a hive. */
function reads(noun: Command, words: string, summary: string): Command {
  return verb(noun, words, summary)
    .option("--recover", "apply the log files beside the hive (in memory)")
    .option("--log <file...>", "apply these log files (in memory)");
}

/** A verb that writes a new file. */
function writes(command: Command): Command {
  return command
    .requiredOption("--out <file>", "the new file")
    .option("--force", "put it in the place of a file that is there");
}

function versionOption(): Option {
  return new Option("--hive-version <version>", "of the new hive; that of the old one unless said").choices([
    "1.3",
    "1.5",
  ]);
}

const looks: ReadonlySet<string> = new Set(["info", "ls", "cat", "tree", "find"]);

const defineLooks: Define = (noun, cli) => {
  reads(noun, "info <file>", "What the head of a hive says")
    .option("--count", "also how much is in it, and its SHA-256")
    .action(async (file: string, options: InfoOptions) =>
      (await import("./hive/info.ts")).showInfo(cli, file, options),
    );
  reads(noun, "ls <file> [path]", "Names of the subkeys (with a \\) and values of a key")
    .option("-l, --long", "with times, counts, types and sizes")
    .action(async (file: string, path: string | undefined, options: ListOptions) =>
      (await import("./hive/look.ts")).listKeys(cli, file, path ?? "", options),
    );
  reads(noun, "cat <file> [path]", "Values of a key")
    .option("--value <name>", 'only this value, or those that a glob means; "" is the default one')
    .option("--raw", "the bytes of the one value that is meant")
    .action(async (file: string, path: string | undefined, options: CatOptions) =>
      (await import("./hive/look.ts")).showValues(cli, file, path ?? "", options),
    );
  reads(noun, "tree <file> [path]", "Keys below others by indentation")
    .option("--depth <levels>", "how deep", wholeNumber(0, 512), 512)
    .option("--values", "with their values")
    .action(async (file: string, path: string | undefined, options: TreeOptions) =>
      (await import("./hive/look.ts")).showTree(cli, file, path ?? "", options),
    );
  reads(
    noun,
    "find <file> <text>",
    "Keys and values that have a text in their names or data (* and ? as in paths, unless --case); exit 8 when there are none",
  )
    .option("--in <path>", "only at and below this key", "")
    .option("--keys", "look at names of keys")
    .option("--names", "look at names of values")
    .option("--data", "look at data of values, as `cat` shows them")
    .option("--exact", "the text is all of it, not a part")
    .option("--case", "tell upper from lower case")
    .option("--type <type>", "only values of this type")
    .action(async (file: string, text: string, options: FindOptions) =>
      (await import("./hive/find.ts")).findInHive(cli, file, text, options),
    );
};

const defineTexts: Define = (noun, cli) => {
  reads(noun, "export <file> [path]", "A key with all below it as registry text (.reg)")
    .option("--out <file>", "into a new file, UTF-16 unless said; else to standard output, UTF-8 unless said")
    .option("--force", "put it in the place of a file that is there")
    .option("--prefix <key>", "the full name that the key has in the text")
    .addOption(new Option("--form <form>", "the form of the text").choices(["unicode", "utf-8", "ascii", "regedit4"]))
    .option("--code-page <name>", "of regedit4 (windows-1252 unless said)")
    .option("--plain", "without clubar's comments for what registry text can't carry")
    .option("--times", "with last-write times, in clubar's comments")
    .action(async (file: string, path: string | undefined, options: ExportOptions) =>
      (await import("./hive/text.ts")).exportText(cli, file, path ?? "", options),
    );
  reads(noun, "import <text> [hive]", "Make a new hive of registry text, or of a hive and the changes in the text")
    .option("--out <file>", "the new file")
    .option("--force", "put it in the place of a file that is there")
    .option("--in-place", "change the hive itself: only pages that change are written, with a log; asks first")
    .option("--plan", "with --in-place: only tell what would be written")
    .option("--prefix <key>", "the full name of the hive's root in the text")
    .option("--code-page <name>", "of a text that is neither UTF-16 nor UTF-8")
    .addOption(versionOption())
    .action(async (text: string, hive: string | undefined, options: ImportOptions) =>
      (await import("./hive/text.ts")).importText(cli, text, hive, options),
    );
  writes(reads(noun, "save <file> [path]", "A key with all below it as a new, compact hive"))
    .addOption(versionOption())
    .action(async (file: string, path: string | undefined, options: SaveOptions) =>
      (await import("./hive/text.ts")).saveKey(cli, file, path ?? "", options),
    );
  reads(noun, "dump <file>", "Every key and value, a line each, for comparing readers")
    .option("--listing", "the canonical listing: tab-separated, in the order of the file")
    .action(async (file: string, { listing, ...options }: ReadOptions & { readonly listing?: boolean }) => {
      if (listing !== true)
        throw usage("What kind of dump?", "Say --listing; `clubar hive export` writes registry text.");
      await (await import("./hive/text.ts")).dumpListing(cli, file, options);
    });
};

const defineMends: Define = (noun, cli) => {
  reads(noun, "check <file>", "Everything that is wrong in a hive; exit 5 when something is")
    .option("--most <findings>", "how many are told", wholeNumber(1, 10_000_000), 1000)
    .option("--strict", "exit 5 for warnings, too")
    .action(async (file: string, options: CheckOptions) =>
      (await import("./hive/mend.ts")).checkFile(cli, file, options),
    );
  writes(verb(noun, "recover <file> [logs...]", "A hive with what its log files hold, as a new clean file")).action(
    async (file: string, logs: string[], options: OutOptions) =>
      (await import("./hive/mend.ts")).recoverFile(cli, file, logs, options),
  );
  writes(
    reads(noun, "salvage <file>", "What can be read of a damaged hive, as a new hive; exit 4 when something is lost"),
  )
    .option("--most <losses>", "how many are told", wholeNumber(1, 10_000_000), 1000)
    .addOption(versionOption())
    .action(async (file: string, options: OutOptions & ReadOptions & { readonly most: number }) =>
      (await import("./hive/mend.ts")).salvageFile(cli, file, options),
    );
  reads(noun, "deleted <file>", "Deleted keys and values that can still be read").action(
    async (file: string, options: ReadOptions) => (await import("./hive/mend.ts")).showDeleted(cli, file, options),
  );
};
