/** The control codes of storage, to the byte, on a disk image. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { encodeUtf16 } from "../../base/bytes.ts";
import { openOutside } from "../../base/outside-node.ts";
import { openImageDisks } from "../../disks/image-disks.ts";
import { createImage } from "../../disks/new-image.ts";
import type { DiskResource } from "./disk-resource.ts";
import { isStorageCode, storageCode, storageControl } from "./storage-control.ts";

const { files } = openOutside();
const folder = mkdtempSync(join(tmpdir(), "clubar-storage-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const from = { files, disks: openImageDisks(openOutside(), folder, "simulated") };
const start = 1048576;
const of = { disk: { kind: "signature", signature: 0xa1b2c3d4 }, mountPoint: "/srv/d", offset: undefined } as const;
const resource = of as unknown as DiskResource;

const ask = (
  code: number,
  options: { input?: Uint8Array; outSize?: number; of?: DiskResource } = {},
): ReturnType<typeof storageControl> =>
  storageControl(from, "of" in options ? options.of : resource, {
    code,
    input: options.input,
    outSize: options.outSize,
  });

test("disk info is a value list of signature, size and partitions", async () => {
  assert.equal((await ask(storageCode.STORAGE_GET_DISK_INFO)).code, 5963);
  const partitions = [{ offset: start, size: start }];
  const path = join(folder, "a.img");
  await createImage(files, path, { id: { signature: 0xa1b2c3d4 }, size: 3 * start, sector: 512, partitions });
  const handle = await files.open(path, "update");
  await handle.write(new TextEncoder().encode("XFSB"), start);
  await handle.close();
  const { code, output, required } = await ask(storageCode.STORAGE_GET_DISK_INFO);
  const view = new DataView(output.buffer, output.byteOffset);
  const number = (at: number): number => view.getUint32(at, true);
  assert.deepEqual([code, required, output.length], [0, output.length, 12 + 16 + 8 + 1120 + 4]);
  assert.deepEqual([number(0), number(4), number(8)], [0x00050002, 4, 0xa1b2c3d4]);
  assert.deepEqual([number(12), number(16), number(20), number(24)], [0x000c0006, 8, 3 * start, 0]);
  assert.deepEqual([number(28), number(32), number(1156)], [0x00080001, 1120, 0]);
  const text = (at: number, length: number): string =>
    new TextDecoder("utf-16le").decode(output.subarray(at, at + length)).replace(/\0+$/, "");
  assert.deepEqual([text(40, 520), text(36 + 1056, 64)], ["/srv/d", "xfs"]);
  const small = await ask(storageCode.STORAGE_GET_DISK_INFO, { outSize: 10 });
  assert.deepEqual([small.code, small.output.length, small.required], [234, 0, output.length]);
});

test("a path is valid on the resource's disk; what Linux has not is not implemented, and other types know none of it", async () => {
  const valid = async (path: string): Promise<number> =>
    (await ask(storageCode.STORAGE_IS_PATH_VALID, { input: encodeUtf16(path) })).code;
  assert.deepEqual([await valid("/srv/d\0"), await valid("/srv/d/a\0"), await valid("/srv/data\0")], [0, 0, 3]);
  assert.deepEqual([await valid("d\0"), await valid("/srv/d")], [87, 87]);
  assert.equal((await ask(storageCode.STORAGE_IS_PATH_VALID)).code, 87);
  assert.equal((await ask(0x014001ea)).code, 120);
  assert.equal(
    (await storageControl(from, undefined, { code: 0x01000191, input: undefined, outSize: undefined })).code,
    1,
  );
  assert.deepEqual(
    [isStorageCode(0x01000191), isStorageCode(0x01000219), isStorageCode(0x010000a9)],
    [true, true, false],
  );
});
