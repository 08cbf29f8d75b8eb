/** `clubar hive import --in-place`: other people's hives, changed where they are. */
import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { fail } from "../../../base/errors.ts";
import { translated } from "../../../base/outside-node-error.ts";
import { commitHive, type PageFile } from "../../../hive/commit-hive.ts";
import { HiveEditor } from "../../../hive/edit-hive.ts";
import type { Edit } from "../../../tree/edit.ts";
import type { Cli } from "../../cli.ts";
import { readArtefact } from "../../read-artefact.ts";
import { counted } from "../../render/text.ts";

/**
 * Writes the pages that the edits change, with a log beside the hive (`.LOG1`), in the order that a crash survives. The hive must not be in
 * use. REFUSED_FOR_SAFETY without a person or --yes; INVALID_STATE for a hive that is dirty or damaged.
 */
export async function changeInPlace(cli: Cli, file: string, edits: readonly Edit[], time: bigint): Promise<void> {
  const path = cli.path(file);
  const before = await translated(`read ${path}`, () => stat(path, { bigint: true }));
  const editor = new HiveEditor(await readArtefact(path));
  editor.apply(edits, time);
  const commit = editor.commit(time);
  if (commit === undefined) {
    cli.done({ done: `${file} is so already: nothing was written.` });
    return;
  }
  const written = counted(commit.pages.reduce((sum, { bytes }) => sum + bytes.length, 0) / 4096, "page");
  await cli.confirm(
    `${path} is changed in place: ${counted(edits.length, "change")}, ${written}. Nothing else may have it open.`,
    "Change it?",
  );
  await translated(`write ${path}`, async () => {
    const hive = await open(path, "r+");
    try {
      const now = await hive.stat({ bigint: true });
      if (now.mtimeNs !== before.mtimeNs || now.ino !== before.ino) throw changedMeanwhile(path);
      const log = await open(`${path}.LOG1`, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600);
      try {
        await commitHive(commit, pagesOf(hive), pagesOf(log));
      } finally {
        await log.close();
      }
    } finally {
      await hive.close();
    }
  });
  cli.done({
    done: `${file} is changed: ${counted(edits.length, "change")}, ${written} written. The log is ${file}.LOG1.`,
  });
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

function changedMeanwhile(path: string): Error {
  return fail("REFUSED_FOR_SAFETY", {
    happened: `${path} was changed by something else meanwhile.`,
    unchanged: "It was not changed by this command.",
    next: "End what uses it, then run this again.",
  });
}
