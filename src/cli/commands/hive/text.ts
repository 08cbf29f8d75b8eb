/** `clubar hive export`, `import`, `save` and `dump`. */
import { sha256 } from "../../../base/digest.ts";
import { fail } from "../../../base/errors.ts";
import { listHive } from "../../../hive/listing.ts";
import { readHive } from "../../../hive/read.ts";
import type { RegForm } from "../../../hive/reg-encoding.ts";
import { fullRegPath } from "../../../hive/reg-read.ts";
import { readRegText, readRegTree } from "../../../hive/reg-text.ts";
import { streamHiveText } from "../../../hive/reg-write.ts";
import { writeHive } from "../../../hive/write.ts";
import { applyEdits } from "../../../tree/edit.ts";
import { fileTime, type Key } from "../../../tree/key.ts";
import { joinPath } from "../../../tree/path.ts";
import type { Cli } from "../../cli.ts";
import { usage } from "../../exit.ts";
import { writeNewFile } from "../../new-file.ts";
import { readArtefact } from "../../read-artefact.ts";
import { counted } from "../../render/text.ts";
import { findSpots } from "./glob.ts";
import { Lines } from "./lines.ts";
import { hivePath, mountOf, openHiveFile, readHiveFile, type ReadOptions } from "./open-file.ts";

/** Options of verbs that write a file. */
export interface OutOptions {
  readonly out: string;
  readonly force?: boolean;
}

/** Options of `export`. */
export interface ExportOptions extends ReadOptions, Partial<OutOptions> {
  readonly prefix?: string;
  readonly form?: RegForm;
  readonly codePage?: string;
  readonly plain?: boolean;
  readonly times?: boolean;
}

/** Registry text: to a file as regedit writes it, else to standard output in UTF-8. */
export async function exportText(cli: Cli, file: string, path: string, options: ExportOptions): Promise<void> {
  const { hive, path: full } = await openHiveFile(cli, file, options);
  const [spot, second] = findSpots(hive, hivePath(full, path));
  if (spot === undefined || second !== undefined) throw usage(`${path} means several keys; an export is of one.`);
  const { out, form = out === undefined ? "utf-8" : "unicode", codePage, plain, times = false } = options;
  const prefix = options.prefix === undefined ? joinPath(mountOf(full), spot.path) : fullRegPath(options.prefix);
  const text = { prefix, form, times, extension: plain !== true, ...(codePage === undefined ? {} : { codePage }) };
  const from = spot.path === "" ? undefined : spot.key;
  if (out === undefined) {
    streamHiveText(hive, text, (chunk) => cli.terminal.outBytes(chunk), from);
    return;
  }
  writeNewFile(cli.path(out), options.force === true, (write) => streamHiveText(hive, text, write, from));
  cli.done({ done: `${prefix} is written to ${out}.` });
}

/** Options of `import`. */
export interface ImportOptions extends ReadOptions, Partial<OutOptions> {
  readonly prefix?: string;
  readonly codePage?: string;
  readonly hiveVersion?: string;
  readonly inPlace?: boolean;
  readonly plan?: boolean;
}

/** The hive that a registry text describes, or another hive with its changes, as a new file; in place only when that is said. */
export async function importText(
  cli: Cli,
  text: string,
  base: string | undefined,
  options: ImportOptions,
): Promise<void> {
  const { out, inPlace, plan } = options;
  if (plan === true && inPlace !== true) throw usage("--plan goes with --in-place: all else writes a new file.");
  if (inPlace === true && (base === undefined || out !== undefined))
    throw usage("--in-place changes the hive that is named, and writes no other.");
  if (inPlace === true && (options.recover === true || options.log !== undefined))
    throw usage("--in-place takes no logs.", "Run `clubar hive recover` first, and change the new hive.");
  const bytes = await readArtefact(cli.path(text), Number.POSITIVE_INFINITY);
  const codePage = options.codePage === undefined ? {} : { codePage: options.codePage };
  const time = fileTime(cli.terminal.now());
  if (base === undefined) {
    const prefix = options.prefix === undefined ? {} : { prefix: options.prefix };
    const { root, path } = readRegTree(bytes, { ...codePage, ...prefix, time });
    writeTree(cli, root, time, { ...options, out: outOf(out) });
    cli.done({ done: `${out} is a new hive of ${path === "" ? "the text" : path}.` });
    return;
  }
  const edits = readRegText(bytes, {
    ...codePage,
    prefix: options.prefix ?? mountOf(cli.path(base)),
    attributes: true,
  });
  if (inPlace === true) {
    await (await import("./in-place.ts")).changeInPlace(cli, base, edits, { time, planned: plan === true });
    return;
  }
  const { path, bytes: old } = await readHiveFile(cli, base, options);
  const { root, minor, dirty } = readHive(old);
  if (dirty) throw notClean(path);
  const changed = { hiveVersion: minor === 3 ? "1.3" : "1.5", ...options, out: outOf(out) };
  writeTree(cli, applyEdits(root, edits, time), time, changed);
  cli.done({ done: `${out} is ${base} with ${counted(edits.length, "change")} of ${text}.` });
}

function outOf(out: string | undefined): string {
  if (out !== undefined) return out;
  throw usage("No new file was named.", "Say --out FILE, or --in-place to change the hive itself.");
}

function notClean(path: string): Error {
  return fail("REFUSED_FOR_SAFETY", {
    happened: `${path} was not written to its end; a new hive made of it might lack what its logs hold.`,
    unchanged: "Nothing was written.",
    next: "Say --recover, or run `clubar hive recover` or `salvage` first.",
  });
}

/** Options of `save`. */
export interface SaveOptions extends ReadOptions, OutOptions {
  readonly hiveVersion?: string;
}

/** A key with all below it as a hive of its own, compact, as `reg save` makes it. */
export async function saveKey(cli: Cli, file: string, path: string, options: SaveOptions): Promise<void> {
  const { hive, path: full } = await openHiveFile(cli, file, options);
  if (hive.dirty) throw notClean(full);
  const [spot, second] = findSpots(hive, hivePath(full, path));
  if (spot === undefined || second !== undefined) throw usage(`${path} means several keys; a hive is of one.`);
  const tree = spot.path === "" ? hive.read() : spot.key.read();
  writeTree(cli, tree, hive.block.lastWritten, {
    hiveVersion: hive.block.minor === 3 ? "1.3" : "1.5",
    ...options,
  });
  cli.done({ done: `${spot.path === "" ? file : spot.path} is saved to ${options.out}.` });
}

/** Writes a tree as a new hive. */
export function writeTree(
  cli: Cli,
  tree: Key,
  time: bigint,
  { out, force, hiveVersion = "1.5" }: OutOptions & { readonly hiveVersion?: string },
): void {
  const bytes = writeHive(tree, { time, minor: hiveVersion === "1.3" ? 3 : 5, fileName: out });
  writeNewFile(cli.path(out), force === true, (write) => write(bytes));
}

/** The canonical listing, for comparing with other readers' ones. */
export async function dumpListing(cli: Cli, file: string, options: ReadOptions): Promise<void> {
  const { bytes } = await readHiveFile(cli, file, options);
  const lines = new Lines(cli.terminal);
  try {
    listHive(bytes, sha256, (line) => lines.add(line));
  } finally {
    lines.end();
  }
}
