/** The values of a key of a hive that may be damaged. */
import { foldName } from "../tree/path.ts";
import type { Value } from "../tree/value.ts";
import type { FoundCell, Inspection } from "./inspection.ts";
import { db, inlineData, latin1ValueName, nk, none, signature, vk } from "./layout.ts";
import { limits } from "./limits.ts";
import { decodeName } from "./names.ts";

/** The longest of a key's values, in bytes; names as UTF-16. */
export interface Maxima {
  name: number;
  data: number;
}

const noBytes = new Uint8Array(0);

/** The values of the key at `data` that can be read whole, in stored order. */
export function inspectValues(inspection: Inspection, data: number, maxima: Maxima): Value[] {
  const said = inspection.u32(data + nk.values);
  const offset = inspection.u32(data + nk.valueList);
  if (said === 0) {
    if (offset !== none && offset !== 0)
      inspection.report(
        "warning",
        "values-unused",
        data + nk.valueList,
        data,
        "a key without values has a list of them",
      );
    return [];
  }
  const list = inspection.take(offset, 0);
  if (typeof list === "string") {
    inspection.lose(
      "list",
      "values-cell",
      data + nk.valueList,
      data,
      `the cell of the list of ${said} values is ${list}`,
    );
    return [];
  }
  const count = Math.min(said, list.length >>> 2);
  if (count < said)
    inspection.lose(
      "list",
      "values-length",
      data + nk.values,
      data,
      `a value list of ${said} entries is longer than its cell`,
    );
  const values: Value[] = [];
  for (let i = 0; i < count; i++) {
    const value = inspectValue(inspection, list.data + i * 4, data, maxima);
    if (value !== undefined) values.push(value);
  }
  return withoutDuplicates(inspection, values, list.data, data);
}

function inspectValue(inspection: Inspection, field: number, key: number, maxima: Maxima): Value | undefined {
  const cell = inspection.take(inspection.u32(field), vk.name);
  if (typeof cell === "string") {
    inspection.lose("value", "value-cell", field, key, `the cell of a value is ${cell}`);
    return undefined;
  }
  if (inspection.u16(cell.data) !== signature.value) {
    inspection.lose("value", "value-signature", cell.data, cell.data, "a value does not begin with vk");
    return undefined;
  }
  const name = readName(inspection, cell);
  const data = readData(inspection, cell, name);
  maxima.name = Math.max(maxima.name, name.length * 2);
  if (data === undefined) return undefined;
  maxima.data = Math.max(maxima.data, data.length);
  return { name, type: inspection.u32(cell.data + vk.type), data };
}

function readName(inspection: Inspection, { data, length }: FoundCell): string {
  const at = data + vk.nameLength;
  const said = inspection.u16(at);
  const latin1 = (inspection.u16(data + vk.flags) & latin1ValueName) !== 0;
  const room = length - vk.name;
  let size = Math.min(said, room);
  if (said > room)
    inspection.lose("name", "value-name", at, data, `a value name of ${said} bytes is longer than its cell`);
  if (!latin1 && size % 2 !== 0) {
    size--;
    if (said <= room) inspection.lose("name", "value-name", at, data, `a UTF-16 value name has the odd length ${said}`);
  }
  const name = decodeName(inspection.bytes, data + vk.name, size, latin1);
  if (name.length <= limits.valueNameUnits) return name;
  const text = `a value name of ${name.length} characters exceeds ${limits.valueNameUnits}`;
  inspection.lose("name", "value-name", at, data, text);
  return name.slice(0, limits.valueNameUnits);
}

/** undefined when they are not all there. */
function readData(inspection: Inspection, { data: cell }: FoundCell, name: string): Uint8Array | undefined {
  const field = inspection.u32(cell + vk.dataSize);
  const lost = (rule: string, at: number, text: string): undefined => {
    inspection.lose("data", rule, at, cell, `the data of the value ${JSON.stringify(name)} are lost: ${text}`);
  };
  if (field >= inlineData) {
    const size = field - inlineData;
    if (size > limits.inlineBytes) return lost("data-inline", cell + vk.dataSize, `${size} bytes can't be inline`);
    return inspection.bytes.subarray(cell + vk.data, cell + vk.data + size);
  }
  if (field === 0) return noBytes;
  if (field > limits.segmentBytes && inspection.minor > 3) return readBigData(inspection, cell, field, lost);
  const data = inspection.take(inspection.u32(cell + vk.data), 0);
  if (typeof data === "string") return lost("data-cell", cell + vk.data, `their cell is ${data}`);
  if (field > data.length)
    return lost("data-length", cell + vk.dataSize, `only ${data.length} of ${field} bytes are in their cell`);
  return inspection.bytes.subarray(data.data, data.data + field);
}

function readBigData(
  inspection: Inspection,
  cell: number,
  size: number,
  lost: (rule: string, at: number, text: string) => undefined,
): Uint8Array | undefined {
  const head = inspection.take(inspection.u32(cell + vk.data), db.list + 4);
  if (typeof head === "string") return lost("data-cell", cell + vk.data, `their cell is ${head}`);
  if (inspection.u16(head.data) !== signature.bigData)
    return lost("data-signature", head.data, `${size} bytes do not begin with db`);
  const count = inspection.u16(head.data + db.segments);
  if (count !== Math.ceil(size / limits.segmentBytes))
    return lost("data-segments", head.data + db.segments, `${count} segments do not make ${size} bytes`);
  const list = inspection.take(inspection.u32(head.data + db.list), count * 4);
  if (typeof list === "string") return lost("data-list", head.data + db.list, `the list of segments is ${list}`);
  const parts: Uint8Array[] = [];
  let readable = 0;
  for (let i = 0; i < count; i++) {
    const least = Math.min(limits.segmentBytes, size - i * limits.segmentBytes);
    const segment = inspection.take(inspection.u32(list.data + i * 4), least);
    if (typeof segment === "string") continue;
    parts.push(inspection.bytes.subarray(segment.data, segment.data + least));
    readable += least;
  }
  if (parts.length < count) return lost("data-segment", list.data, `only ${readable} of ${size} bytes can be read`);
  const whole = new Uint8Array(size);
  parts.forEach((part, i) => whole.set(part, i * limits.segmentBytes));
  return whole;
}

function withoutDuplicates(inspection: Inspection, values: Value[], list: number, key: number): Value[] {
  if (values.length < 2) return values;
  const seen = new Set<string>();
  const kept = values.filter(({ name }) => {
    const folded = foldName(name);
    if (seen.has(folded)) {
      inspection.lose("value", "value-duplicate", list, key, `a second value has the name ${JSON.stringify(name)}`);
      return false;
    }
    seen.add(folded);
    return true;
  });
  return kept;
}
