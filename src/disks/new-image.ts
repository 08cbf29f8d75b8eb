/** Makes a disk image with a partition table, for demonstrations and tests. Its partitions hold no file systems. */
import type { Files } from "../base/outside.ts";
import { type NewTable, newTable } from "./new-table.ts";

/** A new sparse file. EEXIST when the name is taken. */
export async function createImage(files: Files, path: string, table: NewTable): Promise<void> {
  const handle = await files.open(path, "create");
  try {
    await handle.truncate(table.size);
    for (const { at, bytes } of newTable(table)) await handle.write(bytes, at);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
