import type { Value } from "../tree/value.ts";
import { HiveError } from "./hive-error.ts";
import type { HiveImage } from "./image.ts";
import { db, inlineData, latin1ValueName, signature, vk } from "./layout.ts";
import { limits } from "./limits.ts";
import { decodeName } from "./names.ts";

const noBytes = new Uint8Array(0);

/** Reads the values that the list at field `at` names, in stored order. */
export function readValues(image: HiveImage, at: number, count: number): Value[] {
  const list = image.claim(at, 0);
  if (count * 4 > image.lengthOf(list))
    throw new HiveError(list, `a value list of ${count} entries is longer than its cell`);
  const values: Value[] = [];
  image.steps += count;
  for (let i = 0; i < count; i++) values.push(readValue(image, list + i * 4));
  return values;
}

function readValue(image: HiveImage, at: number): Value {
  const cell = image.claim(at, vk.name);
  if (image.u16(cell) !== signature.value) throw new HiveError(cell, "a value does not begin with vk");
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
  return {
    name: decodeName(image.bytes, cell + vk.name, length, latin1),
    type: image.u32(cell + vk.type),
    data: readData(image, cell),
  };
}

/** The data as a view of the image where they are in one piece. */
function readData(image: HiveImage, cell: number): Uint8Array {
  const field = image.u32(cell + vk.dataSize);
  if (field >= inlineData) {
    const size = field - inlineData;
    if (size > limits.inlineBytes) throw new HiveError(cell + vk.dataSize, `${size} bytes of data can't be inline`);
    return size === 0 ? noBytes : image.bytes.subarray(cell + vk.data, cell + vk.data + size);
  }
  if (field === 0) return noBytes;
  if (field > limits.segmentBytes && image.block.minor > 3) return readBigData(image, cell, field);
  const data = image.claim(cell + vk.data, 0);
  if (field > image.lengthOf(data))
    throw new HiveError(cell + vk.dataSize, `${field} bytes of data are longer than their cell`);
  return image.bytes.subarray(data, data + field);
}

function readBigData(image: HiveImage, cell: number, size: number): Uint8Array {
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
    image.steps += 4;
  }
  const data = new Uint8Array(size);
  segments.forEach((segment, i) => {
    const at = i * limits.segmentBytes;
    data.set(image.bytes.subarray(segment, segment + Math.min(limits.segmentBytes, size - at)), at);
  });
  return data;
}
