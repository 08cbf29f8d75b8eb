/** A folder, file or symbolic link as a checkpoint holds it: a value that is never changed. */
import { createHash } from "node:crypto";

/** What an entry has besides its content. */
export interface EntryRights {
  /** Permission bits, octal 07777; 0 of a link. */
  readonly mode: number;
  /** Numeric user and group; undefined when the service that captured it may not give files away. */
  readonly owner: { readonly user: number; readonly group: number } | undefined;
  /** POSIX ACLs as the kernel keeps them; undefined: the mode says all. */
  readonly acl: Uint8Array | undefined;
  readonly defaultAcl: Uint8Array | undefined;
  /** Wall time of the last change of the content, for people; it is neither compared nor put back. */
  readonly modified: number;
}

/** A regular file. */
export interface FileEntry extends EntryRights {
  readonly kind: "file";
  readonly content: Uint8Array;
}

/** A folder with what is in it, by name. */
export interface FolderEntry extends EntryRights {
  readonly kind: "folder";
  readonly entries: ReadonlyMap<string, Entry>;
}

/** A symbolic link; it is never followed. */
export interface LinkEntry extends EntryRights {
  readonly kind: "link";
  readonly target: string;
}

/** What a name leads to. */
export type Entry = FileEntry | FolderEntry | LinkEntry;

const contents = new WeakMap<FileEntry, string>();
const digests = new WeakMap<Entry, string>();

/** The content's SHA-256 is known already, from reading it. */
export function noteContent(entry: FileEntry, sha256: string): FileEntry {
  contents.set(entry, sha256);
  return entry;
}

/**
 * The digest by which two entries are the same settings (docs/formats/cpd.md): kinds, names, rights, contents, targets; not the times. It
 * is kept with each entry, so a folder in which one file changed costs that file.
 */
export function entryDigest(entry: Entry): string {
  const known = digests.get(entry);
  if (known !== undefined) return known;
  const hash = createHash("sha256").update(`clubar directory 1\0${entry.kind}\0`);
  const { mode, owner, acl, defaultAcl } = entry;
  hash.update(`${mode} ${owner === undefined ? "-" : `${owner.user} ${owner.group}`}\0`);
  for (const list of [acl, defaultAcl]) {
    hash.update(`${list?.length ?? "-"}\0`);
    if (list !== undefined) hash.update(list);
  }
  if (entry.kind === "file") hash.update(contentDigestOf(entry));
  else if (entry.kind === "link") hash.update(utf16(entry.target));
  else {
    for (const [name, child] of [...entry.entries].sort(byName)) {
      const bytes = utf16(name);
      hash.update(`${bytes.length}\0`).update(bytes).update(entryDigest(child));
    }
  }
  const digest = hash.digest("hex");
  digests.set(entry, digest);
  return digest;
}

/** By code unit, as files are listed. */
export function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

function contentDigestOf(entry: FileEntry): string {
  const known = contents.get(entry);
  if (known !== undefined) return known;
  const digest = createHash("sha256").update(entry.content).digest("hex");
  contents.set(entry, digest);
  return digest;
}

/** Lone surrogates stay what they are. */
function utf16(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "utf16le"));
}
