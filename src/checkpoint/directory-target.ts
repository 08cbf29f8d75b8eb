/** Whether a whole folder or file can be replaced by renaming a sibling. */
import { folderOf } from "../base/durable.ts";
import { fail, type Failure } from "../base/errors.ts";
import { OutsideError, type Files } from "../base/outside.ts";
import { isOurs, isWithin } from "./directory-path.ts";

/** BAD_PATHNAME with the reason, FILE_NOT_FOUND without the folder in which it lies. What is at `place` itself may be missing. */
export async function checkTarget(files: Files, place: string, dataFolder: string): Promise<void> {
  if (isOurs(place, dataFolder))
    throw refused(
      place,
      "it holds or belongs to what clubar itself keeps on this node",
      "Name the application's own folder.",
    );
  await refuseCluster(files, place, dataFolder);
  const parent = folderOf(place);
  const real = await files.realPath(parent).catch((error: unknown) => {
    if (error instanceof OutsideError && ["ENOENT", "ENOTDIR"].includes(error.code)) throw noParent(place, parent);
    throw error;
  });
  if (real !== parent) {
    const name = place.slice(parent.length + 1);
    throw refused(place, "there is a symbolic link on the way to it", `Name it without: ${real}/${name}.`);
  }
  const found = await files.stat(place);
  if (found?.kind === "link")
    throw refused(
      place,
      "it is a symbolic link",
      `Name what it leads to (${await files.readLink(place)}), or a folder that holds it.`,
    );
  if (found?.kind === "other") throw refused(place, "it is a socket, pipe or device", "Name a folder or a file.");
  const above = await files.stat(parent);
  const mount = found !== undefined && above?.device !== found.device ? place : await mountAt(files, place);
  if (mount === undefined) return;
  throw refused(
    place,
    mount === place ? "it is a mount point" : `something is mounted in it (${mount})`,
    "A mounted file system can't be swapped by renaming: name a folder inside it.",
  );
}

/** What is no application's, by names that lie in it. */
const foreign: readonly (readonly [what: string, names: readonly string[]])[] = [
  ["the quorum folder of a cluster", ["current", "generation"]],
  ["a quorum folder that its cluster left", ["current.retired", "generation"]],
  ["the data folder of a node", ["node.json", "registry"]],
  ["a backup set", ["Clusbackup.dat"]],
  ["a backup set of a node", ["Vssbackup.dat"]],
];

/** A folder of clubar's, known by what lies in it, and the quorum folder of this node below the place. */
async function refuseCluster(files: Files, place: string, dataFolder: string): Promise<void> {
  const isIn = async (folder: string, names: readonly string[]): Promise<boolean> => {
    for (const name of names)
      if ((await files.stat(`${folder}/${name}`).catch(() => undefined)) === undefined) return false;
    return true;
  };
  for (let above = place; above.length > 1; above = folderOf(above)) {
    if (above === dataFolder) continue;
    for (const [what, names] of foreign) {
      if (await isIn(above, names)) throw refused(place, `${above} is ${what}`, "Name the application's own folder.");
    }
  }
  const quorum = await quorumOf(files, dataFolder);
  if (quorum !== undefined && isWithin(quorum, place))
    throw refused(place, `it holds this cluster's quorum folder (${quorum})`, "Name the application's own folder.");
}

/** Where the quorum of this node really is, as its record says; undefined when nothing there is a folder. */
async function quorumOf(files: Files, dataFolder: string): Promise<string | undefined> {
  try {
    const record: unknown = JSON.parse(new TextDecoder().decode(await files.read(`${dataFolder}/node.json`)));
    const { quorum } = record as { readonly quorum?: unknown };
    return typeof quorum === "string" ? await files.realPath(quorum) : undefined;
  } catch {
    return undefined;
  }
}

/** The first mount point at or below a path, bind mounts included; undefined where the kernel tells none. */
async function mountAt(files: Files, place: string): Promise<string | undefined> {
  let table: string;
  try {
    table = new TextDecoder().decode(await files.read("/proc/self/mountinfo"));
  } catch {
    return undefined;
  }
  const points = table.split("\n").map((line) => unescape(line.split(" ")[4] ?? ""));
  return points.find((point) => point !== "" && isWithin(point, place));
}

/** proc(5): blanks and backslashes are octal. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function refused(place: string, why: string, next: string): Failure {
  return fail("BAD_PATHNAME", {
    happened: `${place} can't be replaced as a whole: ${why}.`,
    unchanged: "Nothing was changed.",
    next,
  });
}

function noParent(place: string, parent: string): Failure {
  return fail("FILE_NOT_FOUND", {
    happened: `${place} can't be put in place on this node: there is no folder ${parent}.`,
    unchanged: "Nothing was changed.",
    next: `Make ${parent} (install the application there first), then try again.`,
  });
}
