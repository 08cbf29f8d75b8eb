import type { Noun } from "./nouns.ts";

/** `clubar hive`. */
export const hiveNoun: Noun = {
  words: "hive",
  summary: "Registry hives in files: look, find, compare, mend, convert; needs no service",
  part: "This node's data",
  load: async () => (await import("./commands/hive.ts")).defineHive,
};
