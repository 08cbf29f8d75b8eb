/** The fields of a value's cell (`vk`), each read when asked for. `cell` is the file offset of the cell's data. */
import type { Value } from "../tree/value.ts";
import { HiveError } from "./hive-error.ts";
import type { HiveImage } from "./image.ts";
import { db, inlineData, latin1ValueName, signature, vk } from "./layout.ts";
import { limits } from "./limits.ts";

const noBytes = new Uint8Array(0);

/** The file offset of the first of `count` entries of the value list that field `at` points to. */
export function valueListAt(image: HiveImage, at: number, count: number): number {
  const list = image.claim(at, 0);
  if (count * 4 > image.lengthOf(list))
    throw new HiveError(list, `a value list of ${count} entries is longer than its cell`);
  image.worked(count);
  return list;
}

/** The cell of the value that field `at` of a list points to. */
export function valueCellAt(image: HiveImage, at: number): number {
  const cell = image.claim(at, vk.name);
  if (image.u16(cell) !== signature.value) throw new HiveError(cell, "a value does not begin with vk");
  return cell;
}

/** Reads the values that the list at field `at` names, in stored order. */
export function readValues(image: HiveImage, at: number, count: number): Value[] {
  const list = valueListAt(image, at, count);
  const values: Value[] = [];
  for (let i = 0; i < count; i++) {
    const cell = valueCellAt(image, list + i * 4);
    const name = valueNameAt(image, cell);
    values.push({ name, type: image.u32(cell + vk.type), data: valueDataAt(image, cell) });
  }
  return values;
}

/** The name; "" is the default value. */
export function valueNameAt(image: HiveImage, cell: number): string {
  const length = image.u16(cell + vk.nameLength);
  if (vk.name + length > image.lengthOf(cell))
    throw new HiveError(cell + vk.nameLength, `a value name of ${length} bytes is longer than its cell`);
  const latin1 = (image.u16(cell + vk.flags) & latin1ValueName) !== 0;
  if (!latin1 && length % 2 !== 0)
    throw new HiveError(cell + vk.nameLength, `a UTF-16 value name has the odd length ${length}`);
  const units = latin1 ? length : length / 2;
  if (units > limits.valueNameUnits) {
    throw new HiveError(cell + vk.nameLength, `a value name of ${units} characters exceeds ${limits.valueNameUnits}`);
  }
  return image.names.decode(cell + vk.name, length, latin1);
}

/** The length of the data in bytes, as the value says it. */
export function valueSizeAt(image: HiveImage, cell: number): number {
  const field = image.u32(cell + vk.dataSize);
  return field >= inlineData ? field - inlineData : field;
}

/** Where in the file the data begin; undefined when they are big data, which lie in several pieces. */
export function valueDataOffsetAt(image: HiveImage, cell: number): number | undefined {
  const field = image.u32(cell + vk.dataSize);
  if (field >= inlineData) {
    inlineSize(cell, field);
    return cell + vk.data;
  }
  if (field === 0) return cell + vk.data;
  if (field > limits.segmentBytes && image.block.minor > 3) return undefined;
  return singleDataAt(image, cell, field);
}

/** The data as a view of the image where they are in one piece. */
export function valueDataAt(image: HiveImage, cell: number): Uint8Array {
  const field = image.u32(cell + vk.dataSize);
  if (field >= inlineData) {
    const size = inlineSize(cell, field);
    return size === 0 ? noBytes : image.bytes.subarray(cell + vk.data, cell + vk.data + size);
  }
  if (field === 0) return noBytes;
  if (field > limits.segmentBytes && image.block.minor > 3) return joinSegments(image, cell, field);
  const { bytes } = image;
  // Half the time of subarray.
  return new Uint8Array(bytes.buffer, bytes.byteOffset + singleDataAt(image, cell, field), field);
}

/** Claims the cells of a value's data without reading them. Answers as `valueDataOffsetAt`. */
export function claimValueData(image: HiveImage, cell: number): number | undefined {
  const at = valueDataOffsetAt(image, cell);
  if (at === undefined) segmentsAt(image, cell, image.u32(cell + vk.dataSize));
  return at;
}

function inlineSize(cell: number, field: number): number {
  const size = field - inlineData;
  if (size > limits.inlineBytes) throw new HiveError(cell + vk.dataSize, `${size} bytes of data can't be inline`);
  return size;
}

function singleDataAt(image: HiveImage, cell: number, size: number): number {
  const data = image.claim(cell + vk.data, 0);
  if (size > image.lengthOf(data))
    throw new HiveError(cell + vk.dataSize, `${size} bytes of data are longer than their cell`);
  return data;
}

/** The file offsets of the segments of big data, each long enough. */
function segmentsAt(image: HiveImage, cell: number, size: number): number[] {
  // Segments can be shared in a damaged hive.
  if (size > image.binsSize) throw new HiveError(cell + vk.dataSize, `${size} bytes of data are more than the hive`);
  const head = image.claim(cell + vk.data, db.list + 4);
  if (image.u16(head) !== signature.bigData) throw new HiveError(head, `${size} bytes of data do not begin with db`);
  const count = image.u16(head + db.segments);
  if (count !== Math.ceil(size / limits.segmentBytes)) {
    throw new HiveError(head + db.segments, `${count} segments do not make ${size} bytes of data`);
  }
  const list = image.claim(head + db.list, count * 4);
  const segments: number[] = [];
  for (let i = 0; i < count; i++) {
    segments.push(image.claim(list + i * 4, Math.min(limits.segmentBytes, size - i * limits.segmentBytes)));
    image.worked(4);
  }
  return segments;
}

function joinSegments(image: HiveImage, cell: number, size: number): Uint8Array {
  const segments = segmentsAt(image, cell, size);
  const data = new Uint8Array(size);
  segments.forEach((segment, i) => {
    const at = i * limits.segmentBytes;
    data.set(image.bytes.subarray(segment, segment + Math.min(limits.segmentBytes, size - at)), at);
  });
  return data;
}
