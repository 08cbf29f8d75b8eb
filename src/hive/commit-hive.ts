import type { HiveCommit } from "./edit-hive.ts";

/** A file that is written to. */
export interface PageFile {
  write(at: number, bytes: Uint8Array): Promise<void>;
  /** Resolves when everything written before is on the disk. */
  sync(): Promise<void>;
}

/**
 * Puts a commit on disk so that a crash at any moment leaves the state before or after it, for whoever applies the log (`recoverHive`,
 * Windows): the log, then the base block that says that a write goes on, then the pages, then the base block that says that it is done;
 * each on the disk before the next begins.
 */
export async function commitHive(commit: HiveCommit, hive: PageFile, log: PageFile): Promise<void> {
  await log.write(0, commit.log);
  await log.sync();
  await hive.write(commit.begin.at, commit.begin.bytes);
  await hive.sync();
  for (const { at, bytes } of commit.pages) await hive.write(at, bytes);
  await hive.sync();
  await hive.write(commit.end.at, commit.end.bytes);
  await hive.sync();
}
