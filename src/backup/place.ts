/** The folder that a person names for a backup set, and what is wrong with it. */
import { folderOf } from "../base/durable.ts";
import { type Failure, fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Files, FileStat } from "../base/outside.ts";

const nothingWritten = "Nothing was written.";

/** Without separators at its end, which BackupClusterDatabase allows. INVALID_PARAMETER unless absolute. */
export function setPath(path: string): string {
  const trimmed = path.replace(/[/\\]+$/, "");
  if (path.startsWith("/") && trimmed !== "") return trimmed;
  throw fail("INVALID_PARAMETER", {
    happened:
      path === ""
        ? "No path for the backup was given."
        : `The path ${path} can't hold a backup: it is not the absolute path of a folder.`,
    unchanged: nothingWritten,
    next: "Give an absolute path such as /var/backups/cluster.",
  });
}

/** Makes the folder (0700) when its parent exists; true when it is new. DIRECTORY, PATH_NOT_FOUND, ACCESS_DENIED. */
export async function prepareFolder(files: Files, path: string): Promise<boolean> {
  const found = await files.stat(path);
  if (found?.kind === "folder") return false;
  if (found !== undefined) throw notAFolder(path, found.kind);
  const parent = folderOf(path);
  const above = await files.stat(parent);
  if (above?.kind === "file") throw notAFolder(parent, "file");
  if (above === undefined) {
    throw fail("PATH_NOT_FOUND", {
      happened: `The folder ${parent} does not exist.`,
      unchanged: nothingWritten,
      next: `Make it first (mkdir -p ${parent}), or check that its disk is mounted.`,
    });
  }
  await files.makeFolder(path);
  await files.syncFolder(parent);
  return true;
}

/** A path to read a set from: DIRECTORY when it is no folder, PATH_NOT_FOUND when it is not there. */
export async function requireFolder(files: Files, path: string): Promise<void> {
  const found = await files.stat(path);
  if (found?.kind === "folder") return;
  if (found !== undefined) throw notAFolder(path, found.kind);
  throw fail("PATH_NOT_FOUND", {
    happened: `There is no folder ${path}.`,
    unchanged: "Nothing was changed.",
    next: "Check the path, and that its disk is mounted.",
  });
}

function notAFolder(path: string, kind: FileStat["kind"]): Failure {
  const isFile = kind === "file";
  return fail("DIRECTORY", {
    happened: isFile
      ? `${path} names a file, not a folder.`
      : `${path} is a link or a device, not a folder; links are not followed.`,
    unchanged: nothingWritten,
    next: isFile ? "Give the path of a folder, without a file name." : "Give the path of the folder itself.",
  });
}

/** What the outside refused while a set was written, as a row of the table that says what became of the old set. */
export function takeFailure(error: unknown, path: string, unchanged: string): Failure {
  const failure = failureOf(error);
  if (failure === error) return failure;
  const next =
    failure.name === "DISK_FULL"
      ? "Make room on that disk or choose another one."
      : failure.name === "ACCESS_DENIED"
        ? "Give the user that runs the cluster service the right to write there, or choose another folder."
        : "Check the disk, then take the backup again.";
  return fail(failure.name, {
    happened: `The backup to ${path} failed: ${failure.happened}.`,
    unchanged,
    next,
    cause: error,
  });
}
