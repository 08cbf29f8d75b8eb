/** What was kept on a node when it was replaced: live settings that an online overwrote, and version files that were re-created. */
import type { Files } from "../base/outside.ts";
import { failureOf } from "../base/failure-of.ts";
import type { CheckpointKind, SideCopy } from "./checkpoint.ts";

/** A copy of the same content that is younger than this need not be made again; nothing so young is ever cleared away. */
const freshMs = 43_200_000;

/** Of names that begin with the time of their writing: one that ends like this and is young. */
export function freshCopy(names: readonly string[], ending: string, now: number): string | undefined {
  return names.find((name) => name.endsWith(ending) && Number.parseInt(name, 10) > now - freshMs);
}

/** All in a node's data folder, the newest first; files whose description can't be read are left out. */
export async function listSideCopies(files: Files, folder: string): Promise<readonly SideCopy[]> {
  const copies: SideCopy[] = [];
  for (const what of ["losers", "aside"] as const) {
    for (const resource of await namesIn(files, `${folder}/${what}`)) {
      const at = `${folder}/${what}/${resource}`;
      for (const name of await namesIn(files, at)) {
        if (!name.endsWith(".json") || name === "synced.json") continue;
        const copy = await readAbout(files, `${at}/${name.slice(0, -".json".length)}`, resource, what);
        if (copy !== undefined) copies.push(copy);
      }
    }
  }
  return copies.sort((a, b) => b.time - a.time || (a.file < b.file ? -1 : 1));
}

async function readAbout(
  files: Files,
  file: string,
  resource: string,
  what: "losers" | "aside",
): Promise<SideCopy | undefined> {
  try {
    const about = JSON.parse(new TextDecoder().decode(await files.read(`${file}.json`))) as Record<string, unknown>;
    const { kind, path, time } = about;
    const number = about[what === "losers" ? "replacedBy" : "number"];
    if (typeof kind !== "string" || typeof path !== "string" || typeof time !== "number" || typeof number !== "number")
      return undefined;
    if ((await files.stat(file)) === undefined) return undefined;
    const why =
      what === "losers"
        ? `live settings that version ${number} replaced`
        : `version ${number}: ${String(about["why"])}`;
    return { resource, kind: kind as CheckpointKind, path, number, time, file, why };
  } catch {
    return undefined;
  }
}

async function namesIn(files: Files, folder: string): Promise<readonly string[]> {
  try {
    return await files.list(folder);
  } catch (error) {
    if (["FILE_NOT_FOUND", "PATH_NOT_FOUND"].includes(failureOf(error).name)) return [];
    throw error;
  }
}
