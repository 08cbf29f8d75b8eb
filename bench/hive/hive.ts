/**
 * `npm run bench -- hive`: clubar/hive beside libhivex, a small C program (peer.c) and hivex's own tools, in one run. Needs gcc and
 * libhivex-dev; hives of others (shared/hives) are used where they are, synthetic ones where they are not.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sharedFolder } from "../../test/hives/shared-hives.ts";
import { readHive } from "../../src/hive/read.ts";
import { writeHive } from "../../src/hive/write.ts";
import { applyEdits, type Edit } from "../../src/tree/edit.ts";
import { childrenOf, emptyKey, type Key } from "../../src/tree/key.ts";
import { joinPath } from "../../src/tree/path.ts";
import { dword } from "../../src/tree/value.ts";
import { median, type Row, row } from "../measure.ts";
import { ourRounds, processes, type Rounds, sideBySide, type Work } from "./side.ts";
import { bytesPerKey, syntheticTree } from "./synthetic.ts";

type Say = (line: string) => void;
const root = join(import.meta.dirname, "../..");
const time = 133_485_408_000_000_000n;

/** The rows of the table, with what is wanted in the notes. */
export function benchHive(runs: number, say: Say): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "clubar-bench-hive-"));
  try {
    return Promise.resolve(measure(folder, Math.max(9, runs), say));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The path of the program on libhivex; undefined when it can't be made. */
export function compilePeer(folder: string, say: Say): string | undefined {
  const peer = join(folder, "peer");
  const compiled = spawnSync("gcc", ["-O2", "-o", peer, join(import.meta.dirname, "peer.c"), "-lhivex"], {
    encoding: "utf8",
  });
  if (compiled.status !== 0) {
    say(`NOT RUN: bench/hive/peer.c needs gcc and libhivex-dev. ${compiled.error?.message ?? compiled.stderr}`);
    return undefined;
  }
  return peer;
}

function measure(folder: string, runs: number, say: Say): Row[] {
  const peer = compilePeer(folder, say);
  if (peer === undefined) return [];
  const files = makeFiles(folder, say);
  const out = join(folder, "out.hive");
  const rows: Row[] = [];
  const compare = (what: string, one: Omit<Work, "rounds"> & Partial<Work>, wanted: string): void => {
    say(what);
    const { ours, theirs } = sideBySide({ rounds: runs, ...one }, peer, out);
    const found = pair(what, ours, theirs, wanted);
    say(`${found[0]?.median.toFixed(1)} ms: ${found[0]?.note}`);
    rows.push(...found);
    if (one.name === "walk") rows.push(memoryRow(what, one.file, ours));
  };
  compare("open + validate 15.5 MB", { name: "open", file: files.medium }, "≤ 1");
  compare("open + validate 95 MB", { name: "open", file: files.large }, "≤ 1");
  compare("walk 15.5 MB", { name: "walk", file: files.medium }, "≤ 0.8");
  compare("walk 95 MB", { name: "walk", file: files.large }, "≤ 0.8");
  compare("100 000 look-ups", { name: "lookup", file: files.lookup, count: 100_000, peerCount: 5000 }, "≤ 0.01");
  compare(
    "100 000 look-ups, the second time",
    { name: "lookup-again", peerName: "lookup", file: files.lookup, count: 100_000, peerCount: 5000 },
    "≤ 0.01",
  );
  compare(
    "8000 siblings, commit",
    { name: "insert", file: files.small, count: 8000, peerRounds: 1, warmUp: 3 },
    "≤ 0.005",
  );
  rows.push(...fileSizes(files.small, out));
  // hivex's commit writes the memory in which it changed the hive, and so does this.
  compare("rewrite 95 MB", { name: "rewrite", file: files.large, warmUp: 3 }, "≤ 1");
  const anew = ourRounds("write-tree", files.large, runs, out);
  rows.push(row("hive", "  a tree of 95 MB as a new hive", "ms", anew.wall, "nothing beside: hivex can't"));
  rows.push(...inPlace(files.medium, runs, out, say));
  rows.push(...wholeProcesses(files.medium, runs, say));
  return rows;
}

/** Of the hive with 8000 siblings; hivex ran last. */
function fileSizes(small: string, out: string): Row[] {
  const theirs = statSync(out).size;
  ourRounds("insert", small, 1, out, "8000");
  return [
    row("hive", "  its file", "MB", [statSync(out).size / 1e6], "wanted ≤ 2"),
    row("hive", "  hivex: its file", "MB", [theirs / 1e6]),
  ];
}

/** One value changed and on the disk, beside the whole hive written anew and on the disk. */
function inPlace(file: string, runs: number, out: string, say: Say): Row[] {
  say("change one value, durable");
  // The real one was not written to its end; a hive is changed in place only when it was.
  const clean = `${file}-clean`;
  writeFileSync(clean, writeHive(readHive(new Uint8Array(readFileSync(file))).root, { time }));
  const change = ourRounds("change", clean, runs, out, "Select");
  const whole = ourRounds("rewrite-durable", clean, runs, out);
  const times = (median(change.wall) / median(whole.wall)).toPrecision(3);
  return [
    row(
      "hive",
      "change one value in 15 MB, durable",
      "ms",
      change.wall,
      `${times} × a rewrite with fsync; wanted ≤ 0.2`,
    ),
    row("hive", "  rewrite of 15 MB with fsync", "ms", whole.wall),
  ];
}

interface Files {
  readonly small: string;
  readonly lookup: string;
  readonly medium: string;
  readonly large: string;
}

/** In the bench's own folder, because hivex opens for writing what it is to add to. */
function makeFiles(folder: string, say: Say): Files {
  const made = (name: string, source: string, tree: () => Key): string => {
    const path = join(folder, name);
    if (source !== "" && existsSync(join(sharedFolder, source))) copyFileSync(join(sharedFolder, source), path);
    else writeFileSync(path, writeHive(tree(), { time }));
    return path;
  };
  say("making hives");
  const synthetic = (bytes: number) => (): Key => syntheticTree(Math.round(bytes / bytesPerKey));
  return {
    small: made("small", "hivex/minimal", () => emptyKey("ROOT", time)),
    lookup: made("lookup", "regipy/SYSTEM", synthetic(11.8e6)),
    medium: made("medium", "regipy/SYSTEM_WIN_10_1709", synthetic(15.5e6)),
    large: made("large", "", synthetic(95e6)),
  };
}

/** Two rows: ours with the ratio to theirs, and theirs. */
export function pair(what: string, ours: Rounds, theirs: Rounds, wanted: string): Row[] {
  const times = (a: readonly number[], b: readonly number[]): string => (median(a) / median(b)).toPrecision(3);
  const cpu = ({ cpu }: Rounds): string => `CPU ${median(cpu).toPrecision(3)} ms`;
  const note = `${times(ours.wall, theirs.wall)} × hivex; ${cpu(ours)}, ${times(ours.cpu, theirs.cpu)} ×; wanted ${wanted}`;
  return [row("hive", what, "ms", ours.wall, note), row("hive", `  hivex: ${what}`, "ms", theirs.wall, cpu(theirs))];
}

/** What a walk needs beside the file and a process that loads the same and reads it. */
export function memoryRow(what: string, file: string, { memory }: Rounds): Row {
  const { memory: bare } = ourRounds("read", file, 1, "");
  const note = `${((memory - bare) / 1024).toFixed(0)} MiB more than the same process that only reads the file; wanted ≤ 40`;
  return row("hive", `  memory of ${what}`, "MiB", [memory / 1024], note);
}

function wholeProcesses(file: string, runs: number, say: Say): Row[] {
  const command = join(root, "dist/clubar.mjs");
  if (!existsSync(command)) {
    say("whole processes are left out: npm run build makes dist/clubar.mjs");
    return [];
  }
  say("whole processes");
  const node = process.execPath;
  const read = `require("fs").readFileSync(${JSON.stringify(file)})`;
  const [info, bare] = processes(
    [
      [node, command, "hive", "info", file],
      [node, "-e", read],
    ],
    runs,
  );
  const rows = info === undefined || bare === undefined ? [] : vsBare(info, bare);
  const [ours, theirs] = processes(
    [
      [node, command, "hive", "export", file],
      ["hivexregedit", "--export", "--prefix", "HKLM\\S", file, "\\"],
    ],
    Math.min(runs, 9),
  );
  if (ours !== undefined && theirs !== undefined)
    rows.push(...pair(".reg export, whole process", ours, theirs, "≤ 0.125"));
  return [...rows, ...differences(file, command, runs, say)];
}

function vsBare(info: Rounds, bare: Rounds): Row[] {
  const times = (median(info.wall) / median(bare.wall)).toPrecision(3);
  return [
    row("hive", "hive info, whole process", "ms", info.wall, `${times} × node that reads the file; wanted ≤ 1.5`),
    row("hive", "  node that reads the file", "ms", bare.wall),
  ];
}

/** Two hives with a hundred values changed. */
function differences(file: string, command: string, runs: number, say: Say): Row[] {
  say("differences");
  const { root: tree } = readHive(new Uint8Array(readFileSync(file)));
  const paths: string[] = [];
  const waiting: { readonly key: Key; readonly path: string }[] = [{ key: tree, path: "" }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    paths.push(next.path);
    for (const child of childrenOf(next.key)) waiting.push({ key: child, path: joinPath(next.path, child.name) });
  }
  const step = Math.floor(paths.length / 100);
  const edits = Array.from({ length: 100 }, (_, at): Edit => {
    return { kind: "set-value", path: paths[at * step] ?? "", value: dword("BenchValue", at) };
  });
  const changed = `${file}-changed`;
  writeFileSync(changed, writeHive(applyEdits(tree, edits, time), { time }));
  const [diff, walk] = processes(
    [
      [process.execPath, command, "hive", "diff", file, changed],
      [process.execPath, command, "hive", "info", "--count", file],
    ],
    runs,
  );
  if (diff === undefined || walk === undefined) return [];
  const times = (median(diff.wall) / median(walk.wall)).toPrecision(3);
  return [
    row(
      "hive",
      "diff with 100 changes, whole process",
      "ms",
      diff.wall,
      `${times} × a walk, whole process; wanted ≤ 2`,
    ),
  ];
}
