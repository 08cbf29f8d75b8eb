/** Folders, files and links for tests of directory checkpoints. */
import fc from "fast-check";
import { nameOf } from "../../src/base/file-names.ts";
import type { Entry, EntryRights, FileEntry, FolderEntry, LinkEntry } from "../../src/checkpoint/directory-entry.ts";

const rights = (mode: number): EntryRights => ({
  mode,
  owner: { user: 0, group: 0 },
  acl: undefined,
  defaultAcl: undefined,
  modified: 0,
});

export function fileOf(content: string | Uint8Array, mode = 0o644): FileEntry {
  return {
    kind: "file",
    ...rights(mode),
    content: typeof content === "string" ? new TextEncoder().encode(content) : content,
  };
}

export function folderOf(entries: Readonly<Record<string, Entry>>, mode = 0o755): FolderEntry {
  const inOrder = Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1));
  return { kind: "folder", ...rights(mode), entries: new Map(inOrder) };
}

export function linkTo(target: string): LinkEntry {
  return { kind: "link", ...rights(0), target };
}

/** Any bytes but NUL and `/`, often ones that only case tells apart, or that keys can't be named. */
const name: fc.Arbitrary<string> = fc
  .oneof(
    fc.constantFrom("a", "A", "b", "B", "ä", "Ä", "%0001", "%0002", "x\\y", ".hidden", "..."),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
    fc.uint8Array({ minLength: 1, maxLength: 20 }).map(nameOf),
  )
  .filter((text) => !/[/\0]/.test(text) && text !== "." && text !== ".." && text !== "");

const anyRights = (most: number): fc.Arbitrary<EntryRights> => {
  const list = fc.option(fc.uint8Array({ minLength: 1, maxLength: 40 }), { nil: undefined });
  const id = fc.nat(0xffff_ffff);
  return fc.record(
    {
      mode: fc.nat(most),
      owner: fc.option(fc.record({ user: id, group: id }, { noNullPrototype: true }), { nil: undefined }),
      acl: list,
      defaultAcl: list,
      modified: fc.nat(2_000_000_000).map((seconds) => seconds * 1000),
    },
    { noNullPrototype: true },
  );
};

/** A folder, file or link with anything in it that a disk can hold. */
export function arbitraryEntry(): fc.Arbitrary<Entry> {
  const { entry } = fc.letrec<{ entry: Entry; folder: FolderEntry }>((tie) => ({
    entry: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc
        .tuple(anyRights(0o7777), fc.uint8Array({ maxLength: 60 }))
        .map(([of, content]) => ({ kind: "file", ...of, content }) as const),
      fc
        .tuple(anyRights(0), fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }))
        .filter(([, target]) => !target.includes("\0"))
        .map(([of, target]) => ({ kind: "link", ...of, target }) as const),
      tie("folder"),
    ),
    folder: fc
      .tuple(
        anyRights(0o7777),
        fc.uniqueArray(fc.tuple(name, tie("entry")), { maxLength: 6, selector: ([text]) => text }),
      )
      .map(([of, entries]) => ({
        kind: "folder" as const,
        ...of,
        entries: new Map(entries.toSorted(([a], [b]) => (a < b ? -1 : 1))),
      })),
  }));
  return entry;
}
