import { type Define, finish, notes, wholeNumber } from "../verbs.ts";
import type { DiffOptions } from "./diff-run.ts";

/** `clubar diff A B`. */
export const defineDiff: Define = (noun, cli) => {
  finish(noun)
    .option("--most <lines>", "how many keys and values are told", wholeNumber(1, 10_000_000), 2000)
    .option("--exit-code", "end with 9 when they differ")
    .option("--recover", "of hives: apply the log files beside them (in memory)")
    .action(async (a: string, b: string, options: DiffOptions) =>
      (await import("./diff-run.ts")).runDiff(cli, a, b, options),
    );
  notes(
    noun,
    "A and B are each a hive (ClusDb, chk????.tmp, a checkpoint, any registry hive), a key container, a .reg export, the folder\n" +
      "of a backup set or a VSS set, or a live key: HKLM\\SOFTWARE\\Web, HKLM\\Cluster. Files need no service. A set beside a live\n" +
      "key stands for its checkpoint of that key, beside a cluster database for its database.\n" +
      "+ is only in B, - only in A, ~ in both with another content.",
  );
};
