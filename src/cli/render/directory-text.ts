/** A directory checkpoint for people. */
import { type Entry, entryDigest } from "../../checkpoint/directory-entry.ts";
import { table } from "./table.ts";
import { bytesText } from "./text.ts";

/** One thing in a directory checkpoint. */
export interface DirectoryLine {
  /** Below the folder; "" is the folder, or the file, itself. */
  readonly path: string;
  readonly kind: Entry["kind"];
  /** Octal. */
  readonly mode: string;
  readonly owner: string | null;
  readonly acl: boolean;
  readonly size: number | null;
  /** Of a link. */
  readonly target: string | null;
}

/** What a version of a directory checkpoint holds. */
export interface DirectoryContent {
  readonly contentDigest: string;
  readonly bytes: number;
  readonly entries: readonly DirectoryLine[];
}

/** Folders before what is in them. */
export function directoryContent(entry: Entry): DirectoryContent {
  const entries: DirectoryLine[] = [];
  const add = (path: string, one: Entry): void => {
    const { kind, mode, owner, acl, defaultAcl } = one;
    entries.push({
      path,
      kind,
      mode: mode.toString(8).padStart(4, "0"),
      owner: owner === undefined ? null : `${owner.user}:${owner.group}`,
      acl: acl !== undefined || defaultAcl !== undefined,
      size: kind === "file" ? one.content.length : null,
      target: kind === "link" ? one.target : null,
    });
    if (kind === "folder") for (const [name, inner] of one.entries) add(path === "" ? name : `${path}/${name}`, inner);
  };
  add("", entry);
  return {
    contentDigest: entryDigest(entry),
    bytes: entries.reduce((sum, { size }) => sum + (size ?? 0), 0),
    entries,
  };
}

/** A line for each; control characters and odd bytes of names are shown as JSON shows them. */
export function directoryTable({ entries }: DirectoryContent): string {
  const shown = (text: string): string =>
    /^[\u0020-\u007e\u00a0-\ud7ff\ue000-\uffff]*$/.test(text) ? text : JSON.stringify(text);
  const rows = entries.map(({ path, kind, mode, owner, acl, size, target }) => [
    kind,
    kind === "link" ? "" : `${mode}${acl ? "+" : ""}`,
    owner ?? "",
    size === null ? "" : bytesText(size),
    `${path === "" ? "." : shown(path)}${target === null ? "" : ` → ${shown(target)}`}`,
  ]);
  return table(["Kind", "Mode", "Owner", "Size", "Path"], rows, "Nothing.");
}
