/** `clubar hive import --in-place`: other people's hives, changed where they are. */
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readFile, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fail, type Failure } from "../../../base/errors.ts";
import { failureOf } from "../../../base/failure-of.ts";
import { translated } from "../../../base/outside-node-error.ts";
import { flockFile } from "../../../base/outside-node-kernel.ts";
import { commitHive, type PageFile } from "../../../hive/commit-hive.ts";
import { type HiveCommit, HiveEditor } from "../../../hive/edit-hive.ts";
import { base, signature } from "../../../hive/layout.ts";
import { logBaseSize } from "../../../hive/log-base.ts";
import type { Edit } from "../../../tree/edit.ts";
import type { Cli } from "../../cli.ts";
import { readArtefact } from "../../read-artefact.ts";
import { counted } from "../../render/text.ts";

/**
 * Writes the pages that the edits change, with a log beside the hive (`.LOG1`), in the order that a crash survives; with `planned` says
 * only what would be written. The hive must not be in use. REFUSED_FOR_SAFETY without a person or --yes, and when the log's name is taken
 * by something else than a log of a hive; INVALID_STATE for a hive that is dirty or damaged; SHARING_VIOLATION while another command
 * changes it.
 */
export async function changeInPlace(
  cli: Cli,
  file: string,
  edits: readonly Edit[],
  { time, planned }: { readonly time: bigint; readonly planned: boolean },
): Promise<void> {
  const named = cli.path(file);
  const path = await before(named, () => realpath(named));
  const looked = await before(path, () => stat(path, { bigint: true }));
  const editor = new HiveEditor(await before(path, () => readArtefact(path)));
  editor.apply(edits, time);
  const commit = editor.commit(time);
  if (commit === undefined) {
    cli.done({ done: `${file} is so already: nothing was written.` });
    return;
  }
  const pages = commit.pages.reduce((sum, { bytes }) => sum + bytes.length, 0) / 4096;
  const written = counted(pages, "page");
  const replaces = await lookAtLog(path);
  const plan = [
    `${path} is changed in place: ${counted(edits.length, "change")}, ${written}. Nothing else may have it open.`,
    replaces
      ? `The log beside it, ${path}.LOG1, is written anew: what it holds is in the hive already, which is clean.`
      : `Its log will be ${path}.LOG1.`,
  ].join("\n");
  if (planned) {
    const view = {
      plan: "change in place",
      path,
      changes: edits.length,
      pages,
      log: `${path}.LOG1`,
      replacesLog: replaces,
    };
    cli.show(view, () => `${plan}\nNothing was changed.\n`);
    return;
  }
  await cli.confirm(plan, "Change it?");
  const hive = await before(path, () => open(path, "r+"));
  try {
    if (!flockFile(hive.fd)) throw inUse(path);
    const now = await hive.stat({ bigint: true });
    if (now.mtimeNs !== looked.mtimeNs || now.ino !== looked.ino) throw changedMeanwhile(path);
    const log = await openLog(path);
    try {
      await write(cli, path, commit, hive, log);
    } finally {
      await log.close();
    }
  } finally {
    await hive.close();
  }
  cli.done({
    done: `${file} is changed: ${counted(edits.length, "change")}, ${written} written. The log is ${path}.LOG1.`,
  });
}

/** A call before which, and in which, nothing of the hive changes. */
async function before<T>(path: string, call: () => Promise<T>): Promise<T> {
  return translated(path, call).catch((error: unknown) => {
    throw told(error, "The hive was not changed.");
  });
}

function told(error: unknown, unchanged: string, next?: string): Failure {
  const failure = failureOf(error);
  if (failure.unchanged !== "") return failure;
  const { name, happened } = failure;
  return fail(name, {
    happened,
    unchanged,
    next: next ?? (failure.next || "Look at the path, then try again."),
    cause: error,
  });
}

/** Whether a log is there that will be written over. Only a log may be: never what a link leads to, a pipe, or a file of another kind. */
async function lookAtLog(path: string): Promise<boolean> {
  const log = `${path}.LOG1`;
  const found = await lstat(log).catch(() => undefined);
  if (found === undefined || (found.isFile() && found.size === 0)) return false;
  const reason = found.isFile() ? wrongWithLog(await before(log, () => readFile(log))) : "no file";
  if (reason === undefined) return true;
  throw fail("REFUSED_FOR_SAFETY", {
    happened: `The log of the hive would be ${log}, which is there and is ${reason}.`,
    unchanged: "Nothing was changed.",
    next: `Move ${log} away, then run this again.`,
  });
}

/** A log that was not written to its end is one, too. */
function wrongWithLog(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isLog = bytes.length >= logBaseSize && view.getUint32(0, true) === signature.hive;
  return isLog && view.getUint32(base.fileType, true) !== 0 ? undefined : "no log of a hive";
}

/** The log's file, empty. */
async function openLog(path: string): Promise<FileHandle> {
  const log = `${path}.LOG1`;
  await lookAtLog(path);
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await before(log, () => open(log, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0o600));
  const folder = await open(dirname(path), "r");
  // Some file systems have no way to do this for a folder.
  await folder.sync().catch(() => undefined);
  await folder.close();
  return file;
}

async function write(cli: Cli, path: string, commit: HiveCommit, hive: FileHandle, log: FileHandle): Promise<void> {
  let begun = false;
  const left = [
    `Nothing is lost: the change is whole in ${path}.LOG1, but the hive is written in part only.`,
    `run \`clubar hive recover\` with the hive and --out NEW. Leave the log beside it until then.`,
  ] as const;
  const onlyLog = "Only its log was written: the hive was not changed.";
  const heed = cli.terminal.onInterrupt?.(
    () => `\nclubar: Interrupted. ${begun ? `${left[0]}\nNow ${left[1]}` : onlyLog}\n`,
  );
  const pages = pagesOf(hive);
  const noted: PageFile = {
    write: (at, bytes) => {
      begun = true;
      return pages.write(at, bytes);
    },
    sync: () => pages.sync(),
  };
  await translated(`write ${path}`, () => commitHive(commit, noted, pagesOf(log)))
    .catch((error: unknown) => {
      throw begun ? told(error, left[0], `Mend the cause, then ${left[1]}`) : told(error, onlyLog);
    })
    .finally(heed);
}

function pagesOf(file: FileHandle): PageFile {
  return {
    write: async (at, bytes) => {
      for (let from = 0; from < bytes.length; )
        from += (await file.write(bytes, from, bytes.length - from, at + from)).bytesWritten;
    },
    sync: () => file.sync(),
  };
}

function inUse(path: string): Error {
  return fail("SHARING_VIOLATION", {
    happened: `Another command changes ${path} now.`,
    unchanged: "It was not changed by this one.",
    next: "Wait until that has ended, then run this again.",
  });
}

function changedMeanwhile(path: string): Error {
  return fail("REFUSED_FOR_SAFETY", {
    happened: `${path} was changed by something else meanwhile.`,
    unchanged: "It was not changed by this command.",
    next: "End what uses it, then run this again.",
  });
}
