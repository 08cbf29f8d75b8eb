/** One disk or image as `Disk`, read from its first sectors. */
import { failureOf } from "../base/failure-of.ts";
import type { Files } from "../base/outside.ts";
import type { Disk, DiskId } from "./disks.ts";
import type { PartitionTable } from "./partition.ts";
import { readPartitionTable } from "./partition-table.ts";

/** Never fails: what can't be read is said in `trouble`. */
export async function readDisk(
  files: Files,
  what: { readonly name: string; readonly path: string; readonly size: number; readonly sector?: number },
): Promise<Disk> {
  const { name, path, size } = what;
  const disk = { name, path, size, id: undefined, partitions: [], trouble: "" };
  try {
    const handle = await files.open(path, "read");
    try {
      const table = await readPartitionTable((at, length) => handle.read(at, length), size, what.sector);
      return { ...disk, ...partsOf(table) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { ...disk, trouble: `it could not be read: ${failureOf(error).happened}` };
  }
}

function partsOf(table: PartitionTable): Pick<Disk, "id" | "partitions" | "trouble"> {
  switch (table.kind) {
    case "mbr": {
      const { signature, partitions } = table;
      // A table without signature identifies nothing.
      const id: DiskId | undefined = signature === 0 ? undefined : { kind: "signature", signature };
      return { id, partitions, trouble: id === undefined ? "its MBR carries no signature" : "" };
    }
    case "gpt":
      return { id: { kind: "guid", guid: table.guid }, partitions: table.partitions, trouble: table.notice };
    case "none":
      return { id: undefined, partitions: [], trouble: "no partition table" };
    case "damaged":
      return { id: undefined, partitions: [], trouble: `a damaged partition table: ${table.why}` };
  }
}
