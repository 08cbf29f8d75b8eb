/** What agents said of themselves, kept while their files are the same ones: asking costs two processes at every start. */
import type { Files, Outside } from "../../base/outside.ts";
import type { OcfMetadata } from "./ocf-metadata.ts";

interface Kept {
  readonly file: string;
  readonly metadata: OcfMetadata;
}

const kept = new WeakMap<Outside, Map<string, Kept>>();

/**
 * What the agent at `path` says of itself, from memory when its file has not changed since it was asked (place, size and both times).
 * `ask` asks it. `isGood`: whether what is remembered will do; otherwise it is asked anew, for it may have been read from another file.
 */
export async function knownMetadata(
  outside: Outside,
  path: string,
  ask: () => Promise<OcfMetadata>,
  isGood: (metadata: OcfMetadata) => boolean,
): Promise<OcfMetadata> {
  const all = kept.get(outside) ?? new Map<string, Kept>();
  kept.set(outside, all);
  const file = await fileMark(outside.files, path);
  const before = all.get(path);
  if (before !== undefined && before.file === file && isGood(before.metadata)) return before.metadata;
  const metadata = await ask();
  if (file !== undefined && file === (await fileMark(outside.files, path))) all.set(path, { file, metadata });
  else all.delete(path);
  return metadata;
}

/** Tells one file from another under the same path; undefined when that can't be told. */
async function fileMark(files: Files, path: string): Promise<string | undefined> {
  const place = await files.realPath(path).catch(() => undefined);
  const stat = place === undefined ? undefined : await files.stat(place);
  if (stat === undefined) return undefined;
  const { device, inode, size, modified, changed } = stat;
  return [place, device, inode, size, modified, changed].join(" ");
}
