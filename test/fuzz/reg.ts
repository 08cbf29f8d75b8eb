/** Registry text: read as edits and as a tree, written and read again. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { diff, readHive, readRegText, readRegTree, writeRegText } from "../../src/hive/index.ts";
import { sharedFiles, sharedHive, sharedHivesAbsent } from "../hives/shared-hives.ts";
import { madeHives } from "./seeds.ts";
import { expectFailure, kindOf, type Target } from "./target.ts";

/** Longer texts only repeat what shorter ones have. */
const longest = 16_000;

const texts = [
  "Windows Registry Editor Version 5.00\r\n\r\n",
  "REGEDIT4\r\n\r\n",
  "[HKEY_LOCAL_MACHINE\\",
  "[HKLM\\a]\r\n",
  "[-HKEY_USERS\\x]\r\n",
  "]\r\n",
  "\r\n",
  "\n",
  "\\\r\n  ",
  ";",
  '"',
  '"=',
  "@=",
  "=-",
  '"a"="b"\r\n',
  "dword:",
  "dword:0000000g",
  "hex:",
  "hex(0):",
  "hex(7):",
  "hex(ffffffff):",
  "00,",
  "0,",
  "ff",
  "\\\\",
  '\\"',
  "\0",
  "; clubar ",
  ";clubar",
  "\t",
  "[HKEY_CLASSES_ROOT",
  "[HKEY_CURRENT_USER",
  "\ud800",
  "ж",
  "\ufeff",
] as const;

export const reg: Target = {
  words: texts.flatMap((text) => [
    new Uint8Array(Buffer.from(text, "utf8")),
    new Uint8Array(Buffer.from(text, "utf16le")),
  ]),
  corpus() {
    const own = new Uint8Array(readFileSync(join(import.meta.dirname, "../data/software.reg")));
    const shared =
      sharedHivesAbsent === false
        ? sharedFiles()
            .filter((name) => name.endsWith(".reg"))
            .map(sharedHive)
        : [];
    const trees = madeHives().map((bytes) => readHive(bytes).root);
    const made = trees.flatMap((root) => [writeRegText(root), writeRegText(root, { form: "utf-8" })]);
    return [own, ...made, ...shared].filter(({ length }) => length <= longest);
  },
  run(bytes) {
    try {
      const edits = readRegText(bytes);
      const kinds = [...new Set(edits.map(({ kind }) => kind))];
      const { root } = readRegTree(bytes);
      const again = readRegTree(writeRegText(root, { prefix: "HKEY_USERS\\x" }), { prefix: "HKEY_USERS\\x" });
      for (const { kind, path } of diff(again.root, root)) assert.fail(`${kind}: ${path}`);
      return kinds;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      // Messages quote the line and the key; their first words tell them apart.
      return [kindOf(expectFailure(error).message.replace(/the key .*/s, "the key")).slice(0, 48)];
    }
  },
};
