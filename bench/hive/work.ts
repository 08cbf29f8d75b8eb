/**
 * The work of the bench done with clubar/hive; a process of its own for each. Prints a line a round: wall and CPU milliseconds.
 *
 *   node work.ts WHAT FILE ROUNDS [COUNT|FILE2]; OUT is the file to write
 */
import { closeSync, fsyncSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { HiveEditor } from "../../src/hive/edit-hive.ts";
import { openHive, type OpenHive } from "../../src/hive/open.ts";
import { readHive } from "../../src/hive/read.ts";
import { writeHive } from "../../src/hive/write.ts";
import type { Edit } from "../../src/tree/edit.ts";
import { dword, sz } from "../../src/tree/value.ts";

const [, , what = "", path = "", roundsText = "9", more = ""] = process.argv;
const rounds = Number(roundsText);
// The same memory, not a copy.
const file = readFileSync(path);
const bytes = new Uint8Array(file.buffer, file.byteOffset, file.length);
const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
let [keys, values, data, touched] = [0, 0, 0, 0];

/** Runs one round and prints how long it took. */
function round(work: () => void): void {
  const cpu = process.cpuUsage();
  const wall = performance.now();
  work();
  const took = performance.now() - wall;
  const used = process.cpuUsage(cpu);
  console.log(`${took.toFixed(3)} ${((used.user + used.system) / 1000).toFixed(3)}`);
}

function repeat(work: () => void): void {
  for (let at = 0; at < rounds; at++) round(work);
}

/** Looks at every byte, 16 at a time, as the copy that hivex makes does. */
function sum(of: Uint8Array, from: number, size: number): number {
  const end = from + size;
  let all = 0;
  let at = from;
  if (of === bytes && (from & 3) === 0) {
    let word = from >>> 2;
    for (const last = (end >>> 2) - 3; word < last; word += 4)
      all ^= words[word]! ^ words[word + 1]! ^ words[word + 2]! ^ words[word + 3]!;
    for (const last = end >>> 2; word < last; word++) all ^= words[word]!;
    at = word * 4;
  }
  for (; at < end; at++) all ^= of[at]!;
  return all;
}

function walk(hive: OpenHive): void {
  keys = values = data = 0;
  hive.walk({
    key: (key) => {
      keys++;
      touched += key.name.length;
      if (key.lastWritten === 0n) touched++;
    },
    value: (value) => {
      values++;
      touched += value.name.length + value.type;
      const from = value.dataOffset;
      const size = value.size;
      data += size;
      touched ^= from === undefined ? sum(value.data, 0, size) : sum(bytes, from, size);
    },
  });
}

function paths(hive: OpenHive): string[] {
  const above: string[] = [];
  const found: string[] = [];
  hive.walk({
    key: ({ name }, depth) => {
      above.length = depth;
      above.push(depth < 2 ? (depth === 0 ? "" : name) : `${above[depth - 1] ?? ""}\\${name}`);
      found.push(above[depth] ?? "");
    },
  });
  return found;
}

function writeOut(content: Uint8Array, durable: boolean): void {
  const file = openSync(process.env["OUT"] ?? "", "w", 0o600);
  for (let from = 0; from < content.length; ) from += writeSync(file, content, from);
  if (durable) fsyncSync(file);
  closeSync(file);
}

function put(file: number, at: number, content: Uint8Array): void {
  for (let from = 0; from < content.length; ) from += writeSync(file, content, from, content.length - from, at + from);
}

const works: Readonly<Record<string, () => void>> = {
  /** Only reads the file: what the memory of the others is held against. */
  read: () => undefined,
  open: () => repeat(() => openHive(bytes).validate()),
  walk: () => {
    const hive = openHive(bytes);
    repeat(() => walk(hive));
  },
  lookup: () => {
    const wanted = paths(openHive(bytes));
    const order = Array.from({ length: Number(more) }, (_, at) => wanted[(at * 7919) % wanted.length] ?? "");
    repeat(() => {
      // Opened anew, so that no round finds what the one before looked up.
      const hive = openHive(bytes);
      for (const one of order) if (hive.find(one) !== undefined) touched++;
    });
  },
  "lookup-again": () => {
    const hive = openHive(bytes);
    const wanted = paths(hive);
    const order = Array.from({ length: Number(more) }, (_, at) => wanted[(at * 7919) % wanted.length] ?? "");
    repeat(() => {
      for (const one of order) if (hive.find(one) !== undefined) touched++;
    });
  },
  insert: () =>
    repeat(() => {
      const editor = new HiveEditor(bytes, { check: false });
      const edits: Edit[] = [];
      for (let at = 0; at < Number(more); at++) {
        const path = `bench\\${(Math.imul(at, 2_654_435_761) >>> 0).toString(16).padStart(8, "0")}-key`;
        for (const value of [sz("Name", "abcd"), dword("State", 1), dword("Weight", 1), sz("Id", "01234567")])
          edits.push({ kind: "set-value", path, value });
      }
      editor.apply(edits, 1n);
      writeOut(editor.bytes, false);
    }),
  change: () => {
    // The hive and its log stand beside OUT; only the commit counts, not the reading of the hive before it.
    const target = process.env["OUT"] ?? "";
    writeFileSync(target, bytes);
    const editor = new HiveEditor(bytes, { check: false });
    const hive = openSync(target, "r+");
    const log = openSync(`${target}.LOG1`, "w", 0o600);
    let made = 0;
    repeat(() => {
      editor.apply([{ kind: "set-value", path: more, value: dword("BenchValue", made++) }], 1n);
      const commit = editor.commit(BigInt(made));
      if (commit === undefined) throw new Error("nothing changed");
      put(log, 0, commit.log);
      fsyncSync(log);
      put(hive, commit.begin.at, commit.begin.bytes);
      fsyncSync(hive);
      for (const page of commit.pages) put(hive, page.at, page.bytes);
      fsyncSync(hive);
      put(hive, commit.end.at, commit.end.bytes);
      fsyncSync(hive);
    });
  },
  "rewrite-durable": () => {
    const { root } = readHive(bytes);
    repeat(() => writeOut(writeHive(root, { time: 1n, expectedSize: bytes.length + (bytes.length >> 3) }), true));
  },
  // What hivex does: the memory in which the hive was changed is written whole.
  rewrite: () => {
    const editor = new HiveEditor(bytes, { check: false });
    repeat(() => writeOut(editor.whole(1n), false));
  },
  // A tree becomes a new hive in which nothing is left free.
  "write-tree": () => {
    const { root } = readHive(bytes);
    repeat(() => writeOut(writeHive(root, { time: 1n, expectedSize: bytes.length + (bytes.length >> 3) }), false));
  },
};

const work = works[what];
if (work === undefined) {
  console.error(`There is no work ${what}.`);
  process.exit(2);
}
work();
// Not getrusage's maximum: that begins with what the process that forked this one had.
const most = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1];
console.log(`# ${keys} keys ${values} values ${data} bytes ${most} KiB ${touched === 0 ? "" : "touched"}`);
