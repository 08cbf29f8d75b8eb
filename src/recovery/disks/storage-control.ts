/**
 * The documented control codes of storage that mean something on Linux (numbers: facts §6.7; formats: clusapi.h). The others ask
 * for drive letters, cluster shared volumes or a dirty bit, which don't exist here: 120 CALL_NOT_IMPLEMENTED.
 */
import { concatBytes, decodeUtf16, encodeUtf16 } from "../../base/bytes.ts";
import { errorTable } from "../../base/errors.ts";
import type { Files } from "../../base/outside.ts";
import { type Disk, type Disks, findDisks } from "../../disks/disks.ts";
import { fileSystemAt } from "../../disks/file-system.ts";
import { type DiskResource, partitionOf } from "./disk-resource.ts";

/** CLUSCTL_RESOURCE_… */
export const storageCode = {
  STORAGE_GET_DISK_INFO: 0x01000191,
  STORAGE_IS_PATH_VALID: 0x01000199,
} as const;

/** Drive letters, mount points as a list, the dirty bit, shared volumes, disk numbers, and the codes whose formats are not known here. */
const notSupported: ReadonlySet<number> = new Set([
  0x014001ea, 0x010001ed, 0x010001f1, 0x01000201, 0x01000205, 0x01000209, 0x0140020e, 0x01000211, 0x01000219,
  0x01000225, 0x01000229,
]);

/** CLUSPROP_SYNTAX_… : type in the upper, format in the lower half. */
const syntax = { end: 0, signature: 0x00050002, partition: 0x00080001, guid: 0x000b0003, size: 0x000c0006 } as const;
/** CLUSPROP_PARTITION_INFO: flags, two names of MAX_PATH, serial number, longest name, flags, name of the file system. */
const partitionInfo = { length: 1120, device: 4, fileSystem: 1056, names: { device: 260, fileSystem: 32 } } as const;

/** As `ControlAnswer` of checkpoints. */
export interface StorageAnswer {
  /** A Win32 code; 0 is success. */
  readonly code: number;
  readonly output: Uint8Array;
  /** Bytes that the whole output takes. */
  readonly required: number;
}

/** Whether it is one of storage, known or refused. */
export function isStorageCode(code: number): boolean {
  return notSupported.has(code) || (Object.values(storageCode) as number[]).includes(code);
}

/** Never rejects: what went wrong is the code. @param of undefined: the resource is no Physical Disk */
export async function storageControl(
  from: { readonly files: Files; readonly disks: Disks },
  of: DiskResource | undefined,
  asked: { readonly code: number; readonly input: Uint8Array | undefined; readonly outSize: number | undefined },
): Promise<StorageAnswer> {
  if (of === undefined) return plain(errorTable.INVALID_FUNCTION.win32);
  if (asked.code === storageCode.STORAGE_IS_PATH_VALID) return plain(isPathValid(of, asked.input));
  if (asked.code !== storageCode.STORAGE_GET_DISK_INFO) return plain(errorTable.CALL_NOT_IMPLEMENTED.win32);
  const [disk, second] = of.disk === undefined ? [] : findDisks(await from.disks.list(), of.disk);
  if (disk === undefined || second !== undefined) return plain(errorTable.CLUSTER_DISK_NOT_CONNECTED.win32);
  const output = await diskInfo(from.files, of, disk);
  if (asked.outSize === undefined || asked.outSize >= output.length)
    return { code: 0, output, required: output.length };
  return { code: errorTable.MORE_DATA.win32, output: new Uint8Array(0), required: output.length };
}

/** The path is on the resource's disk: at its mount point or below. */
function isPathValid({ mountPoint }: DiskResource, input: Uint8Array | undefined): number {
  const text = input === undefined || input.length % 2 !== 0 ? "" : decodeUtf16(input);
  const path = text.slice(0, Math.max(0, text.indexOf("\0")));
  if (!path.startsWith("/")) return errorTable.INVALID_PARAMETER.win32;
  const isOn = mountPoint !== undefined && `${path}/`.startsWith(`${mountPoint}/`);
  return isOn ? 0 : errorTable.PATH_NOT_FOUND.win32;
}

/** A value list: signature or GUID, size, one entry a partition, the end mark. */
async function diskInfo(files: Files, of: DiskResource, { id, size, path, partitions }: Disk): Promise<Uint8Array> {
  const entries: Uint8Array[] = [];
  if (id?.kind === "signature") entries.push(entry(syntax.signature, numbers(id.signature)));
  if (id?.kind === "guid") entries.push(entry(syntax.guid, encodeUtf16(`{${id.guid.toUpperCase()}}\0`)));
  entries.push(entry(syntax.size, numbers(size % 2 ** 32, Math.floor(size / 2 ** 32))));
  const mounted = partitionOf(of, { id, size, path, partitions, name: "", trouble: "" });
  const handle = await files.open(path, "read");
  try {
    for (const partition of partitions) {
      const info = new Uint8Array(partitionInfo.length);
      const where = partition === mounted ? (of.mountPoint ?? "") : `${path}#${partition.number}`;
      const type = await fileSystemAt((at, length) => handle.read(at, length), partition.offset);
      info.set(encodeUtf16(where.slice(0, partitionInfo.names.device - 1)), partitionInfo.device);
      info.set(encodeUtf16((type ?? "").slice(0, partitionInfo.names.fileSystem - 1)), partitionInfo.fileSystem);
      entries.push(entry(syntax.partition, info));
    }
  } finally {
    await handle.close();
  }
  return concatBytes([...entries, numbers(syntax.end)]);
}

/** CLUSPROP_VALUE: syntax, length, the bytes, filled up to whole dwords. */
function entry(kind: number, bytes: Uint8Array): Uint8Array {
  const filled = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  filled.set(bytes);
  return concatBytes([numbers(kind, bytes.length), filled]);
}

function numbers(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value, true);
  return bytes;
}

function plain(code: number): StorageAnswer {
  return { code, output: new Uint8Array(0), required: 0 };
}
