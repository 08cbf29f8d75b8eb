/** A directory as a key tree in a hive, and back (docs/formats/cpd.md). The reader takes nothing for granted: bytes may be anybody's. */
import { decodeUtf16 } from "../base/bytes.ts";
import { bytesOfName } from "../base/file-names.ts";
import { fail, type Failure } from "../base/errors.ts";
import { HiveError, readHive, writeHive, writeHiveInSlices, type WriteOptions } from "../hive/index.ts";
import { buildKey, childrenOf, fileTime, type Key, valueOf, wallTime } from "../tree/key.ts";
import { foldName, maxDepth } from "../tree/path.ts";
import { binary, dword, dwordOf, sz, textOf, type Value, valueType } from "../tree/value.ts";
import { byName, type Entry, type EntryRights } from "./directory-entry.ts";

/** Values of an entry's key; `format` only of the root's. */
const entryValue = {
  format: "DirectoryFormat",
  kind: "Kind",
  name: "Name",
  mode: "Mode",
  owner: "Owner",
  group: "Group",
  acl: "Acl",
  defaultAcl: "DefaultAcl",
  content: "Content",
  target: "Target",
} as const;

const format = 1;
const longestName = 255;
const longestTarget = 4095;

/** The bytes of a version. MORE_DATA for folders nested too deep. */
export function encodeDirectory(entry: Entry): Uint8Array {
  const root = directoryKey(entry);
  return writeHive(root, optionsOf(root, entry));
}

/** The same bytes, with pauses while they are made. */
export function encodeDirectoryInSlices(entry: Entry, pause: () => Promise<void>): Promise<Uint8Array> {
  const root = directoryKey(entry);
  return writeHiveInSlices(root, optionsOf(root, entry), pause);
}

function optionsOf(root: Key, entry: Entry): WriteOptions {
  return { time: root.lastWritten, fileName: root.name, expectedSize: expectedSize(entry) };
}

/** A little more than the hive will have: its bins are filled to the last page. */
function expectedSize(entry: Entry): number {
  if (entry.kind === "file")
    return 1024 + Math.ceil(entry.content.length * 1.002) + 4096 * Number(entry.content.length > 2048);
  if (entry.kind === "link") return 1024 + entry.target.length * 2;
  let size = 4096;
  for (const inner of entry.entries.values()) size += expectedSize(inner);
  return size;
}

/** The key tree of a version, as `clubar diff` shows it. */
export function directoryKey(entry: Entry): Key {
  return keyOf(entry, "Directory", [dword(entryValue.format, format)], 0);
}

function keyOf(entry: Entry, name: string, more: readonly Value[], depth: number): Key {
  if (depth > maxDepth - 2) {
    throw fail("MORE_DATA", {
      happened: `Folders are nested deeper than ${maxDepth - 2}.`,
      next: "Leave that part out (--exclude), or name a folder that is nested less.",
    });
  }
  const { mode, owner, acl, defaultAcl, modified } = entry;
  const values = [...more, sz(entryValue.kind, entry.kind), dword(entryValue.mode, mode)];
  if (owner !== undefined) values.push(dword(entryValue.owner, owner.user), dword(entryValue.group, owner.group));
  if (acl !== undefined) values.push(binary(entryValue.acl, acl));
  if (defaultAcl !== undefined) values.push(binary(entryValue.defaultAcl, defaultAcl));
  if (entry.kind === "file") values.push(binary(entryValue.content, entry.content));
  if (entry.kind === "link") values.push(sz(entryValue.target, entry.target));
  const children = entry.kind === "folder" ? childKeys(entry.entries, depth + 1) : [];
  return buildKey({ name, lastWritten: fileTime(Math.max(0, modified)), values, children });
}

/** Key names can't tell upper and lower case apart and have no `\`: such entries get `%0001` … and keep their name in a value. */
function childKeys(entries: ReadonlyMap<string, Entry>, depth: number): Key[] {
  const taken = new Set<string>();
  let odd = 0;
  return [...entries].sort(byName).map(([name, entry]) => {
    if (isPlain(name) && !taken.has(foldName(name))) {
      taken.add(foldName(name));
      return keyOf(entry, name, [], depth);
    }
    return keyOf(entry, `%${(++odd).toString(16).padStart(4, "0")}`, [sz(entryValue.name, name)], depth);
  });
}

function isPlain(name: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return name.isWellFormed() && !/^%|[\\\u0000-\u001f\u007f]/.test(name);
}

/** INVALID_DATA when the bytes are no directory's, VERSION_NOT_SUPPORTED for a later format. */
export function decodeDirectory(bytes: Uint8Array): Entry {
  return entryOfKey(readRoot(bytes));
}

/** Of the key tree of a version. Errors as `decodeDirectory`. */
export function entryOfKey(root: Key): Entry {
  const found = dwordOf(valueOf(root, entryValue.format));
  if (found === undefined) throw damaged("", `has no ${entryValue.format}`);
  if (found !== format) {
    throw fail("VERSION_NOT_SUPPORTED", {
      happened: `The directory checkpoint has format ${found}; this clubar knows ${format}.`,
      next: "Use a newer clubar.",
    });
  }
  return entryOf(root, "");
}

/** Whether a hive holds a directory checkpoint. */
export function isDirectoryKey(root: Key): boolean {
  return valueOf(root, entryValue.format) !== undefined;
}

function readRoot(bytes: Uint8Array): Key {
  try {
    return readHive(bytes).root;
  } catch (error) {
    if (error instanceof HiveError) throw damaged("", `is no hive: ${error.message}`);
    throw error;
  }
}

function entryOf(key: Key, at: string): Entry {
  const rights = rightsOf(key, at);
  const kind = textOf(valueOf(key, entryValue.kind));
  const children = [...childrenOf(key)];
  if (kind === "folder") return { kind, ...rights, entries: entriesOf(children, at) };
  if (children.length > 0) throw damaged(at, "has entries and is no folder");
  if (kind === "link") {
    const target = exactText(valueOf(key, entryValue.target));
    if (target === undefined || target === "" || target.includes("\0") || lengthOf(target) > longestTarget)
      throw damaged(at, "is a link that leads nowhere");
    return { kind, ...rights, target };
  }
  const content = bytesOf(valueOf(key, entryValue.content));
  if (kind !== "file" || content === undefined) throw damaged(at, "is neither file, folder nor link");
  return { kind, ...rights, content };
}

function entriesOf(children: readonly Key[], at: string): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const key of children) {
    const isOdd = key.name.startsWith("%");
    const stored = exactText(valueOf(key, entryValue.name));
    const name = isOdd ? stored : key.name;
    if (name === undefined || isOdd !== (stored !== undefined)) throw damaged(at, `has the entry ${key.name} unnamed`);
    if (name === "" || name === "." || name === ".." || /[/\0]/.test(name) || lengthOf(name) > longestName)
      throw damaged(at, `has an entry with a name that no file can have`);
    if (entries.has(name)) throw damaged(at, `has two entries named ${name}`);
    entries.set(name, entryOf(key, `${at}/${name}`));
  }
  return new Map([...entries].sort(byName));
}

function rightsOf(key: Key, at: string): EntryRights {
  const mode = dwordOf(valueOf(key, entryValue.mode));
  const user = dwordOf(valueOf(key, entryValue.owner));
  const group = dwordOf(valueOf(key, entryValue.group));
  if (mode === undefined || mode > 0o7777 || (user === undefined) !== (group === undefined))
    throw damaged(at, "has no proper mode or owner");
  const acl = bytesOf(valueOf(key, entryValue.acl));
  const defaultAcl = bytesOf(valueOf(key, entryValue.defaultAcl));
  return {
    mode,
    owner: user === undefined || group === undefined ? undefined : { user, group },
    acl,
    defaultAcl,
    modified: wallTime(key.lastWritten),
  };
}

function bytesOf(value: Value | undefined): Uint8Array | undefined {
  return value?.type === valueType.binary ? value.data : undefined;
}

/** A text with one NUL, at its end: names may not lose anything. */
function exactText(value: Value | undefined): string | undefined {
  if (value?.type !== valueType.sz || value.data.length % 2 !== 0) return undefined;
  const text = decodeUtf16(value.data);
  return text.indexOf("\0") === text.length - 1 ? text.slice(0, -1) : undefined;
}

/** Bytes of a name; too many for one that stands for no bytes. */
function lengthOf(name: string): number {
  try {
    return bytesOfName(name).length;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function damaged(at: string, what: string): Failure {
  return fail("INVALID_DATA", {
    happened: `The directory checkpoint ${at === "" ? "" : `at "${at.slice(1)}" `}${what}.`,
    next: "Go back to an older version, or capture it anew on the owner.",
  });
}
