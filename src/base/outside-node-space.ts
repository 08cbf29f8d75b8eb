/** Room on a disk. */
import { statfs } from "node:fs/promises";
import { translated } from "./outside-node-error.ts";

/** Bytes that an ordinary user may still write on the disk below `path`. Rejects with an `OutsideError`. */
export function freeBytes(path: string): Promise<number> {
  return translated(`look at the disk of ${path}`, async () => {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  });
}
