import { fail } from "../base/errors.ts";
import type { Value } from "../tree/value.ts";
import type { BinWriter } from "./bin-writer.ts";
import { baseBlockSize, db, inlineData, latin1ValueName, signature, vk } from "./layout.ts";
import { limits } from "./limits.ts";
import { isLatin1, nameSize, writeName } from "./names.ts";

/** Writes a value and its data; returns its cell offset. */
export function writeValue(bins: BinWriter, value: Value, minor: 3 | 5): number {
  const { name, data } = value;
  if (name.length > limits.valueNameUnits) {
    throw fail("INVALID_NAME", {
      happened: `A value name has ${name.length} characters; a hive holds ${limits.valueNameUnits}.`,
      unchanged: "No hive was made.",
      next: "Shorten it.",
    });
  }
  const latin1 = isLatin1(name);
  const cell = bins.allocate(vk.name + nameSize(name, latin1));
  const isInline = data.length <= limits.inlineBytes;
  const dataOffset = isInline ? 0 : writeData(bins, data, minor);
  const { view } = bins;
  view.setUint16(cell, signature.value, true);
  view.setUint16(cell + vk.nameLength, nameSize(name, latin1), true);
  view.setUint32(cell + vk.dataSize, isInline ? inlineData + data.length : data.length, true);
  if (isInline) for (let i = 0; i < data.length; i++) view.setUint8(cell + vk.data + i, data[i]!);
  else view.setUint32(cell + vk.data, dataOffset, true);
  view.setUint32(cell + vk.type, value.type, true);
  // Windows leaves the flag off for the default value, which has no name.
  view.setUint16(cell + vk.flags, latin1 && name !== "" ? latin1ValueName : 0, true);
  writeName(view, cell + vk.name, name, latin1);
  return cell - 4 - baseBlockSize;
}

function writeData(bins: BinWriter, data: Uint8Array, minor: 3 | 5): number {
  if (data.length <= limits.segmentBytes || minor === 3) return writeBytes(bins, data);
  const count = Math.ceil(data.length / limits.segmentBytes);
  if (count > limits.segments) {
    throw fail("MORE_DATA", {
      happened: `A value has ${data.length} bytes; a hive holds ${limits.segments * limits.segmentBytes}.`,
      unchanged: "No hive was made.",
      next: "Keep the data in a file.",
    });
  }
  const head = bins.allocate(db.size);
  const list = bins.allocate(count * 4);
  bins.view.setUint16(head, signature.bigData, true);
  bins.view.setUint16(head + db.segments, count, true);
  bins.view.setUint32(head + db.list, list - 4 - baseBlockSize, true);
  for (let i = 0; i < count; i++) {
    const from = i * limits.segmentBytes;
    // The last cell is as large as the others: all that Windows wrote are, and hivex reads no other right.
    const segment = writeBytes(bins, data.subarray(from, from + limits.segmentBytes), limits.segmentBytes);
    bins.view.setUint32(list + i * 4, segment, true);
  }
  return head - 4 - baseBlockSize;
}

function writeBytes(bins: BinWriter, bytes: Uint8Array, size = bytes.length): number {
  const cell = bins.allocate(size);
  bins.bytes.set(bytes, cell);
  return cell - 4 - baseBlockSize;
}
