/** The security cells of a hive that may be damaged: one ring, with counts of their users. */
import { isDefaultSecurity } from "./default-security.ts";
import type { Inspection } from "./inspection.ts";
import { baseBlockSize, nk, none, signature, sk } from "./layout.ts";

/** Bytes of a self-relative security descriptor before its parts. */
const descriptorHead = 20;
/** Control flag SE_SELF_RELATIVE. */
const selfRelative = 0x8000;

interface Security {
  /** File offset of the cell's data. */
  readonly data: number;
  readonly descriptor: Uint8Array | undefined;
  users: number;
}

/** Reads each security cell once and counts who uses it. */
export class SecurityInspection {
  readonly #inspection: Inspection;
  /** By offset in the bins; undefined where there is no such cell. */
  readonly #cells = new Map<number, Security | undefined>();

  constructor(inspection: Inspection) {
    this.#inspection = inspection;
  }

  /** The descriptor of the key at `key`; undefined when it is the writer's default, or lost. */
  use(key: number): Uint8Array | undefined {
    const at = key + nk.security;
    const offset = this.#inspection.u32(at);
    if (offset === none) {
      this.#inspection.report("error", "security-none", at, key, "the key has no security descriptor");
      return undefined;
    }
    const known = this.#cells.has(offset) ? this.#cells.get(offset) : this.#read(offset);
    if (known === undefined) {
      this.#inspection.lose("security", "security-cell", at, key, "the key has no readable security descriptor");
      return undefined;
    }
    known.users++;
    return known.descriptor;
  }

  #read(offset: number): Security | undefined {
    const inspection = this.#inspection;
    this.#cells.set(offset, undefined);
    const found = inspection.cellAt(offset);
    if (typeof found === "string" || found.length < sk.descriptor) return undefined;
    const { data } = found;
    if (inspection.u16(data) !== signature.security) {
      inspection.report("error", "security-signature", data, data, "a security cell does not begin with sk");
      return undefined;
    }
    inspection.take(offset, 0);
    const size = inspection.u32(data + sk.size);
    if (size > found.length - sk.descriptor) {
      const text = `a descriptor of ${size} bytes is longer than its cell`;
      inspection.report("error", "security-length", data + sk.size, data, text);
      return undefined;
    }
    const descriptor = inspection.bytes.subarray(data + sk.descriptor, data + sk.descriptor + size);
    const wrong = wrongWithDescriptor(descriptor);
    if (wrong !== undefined) inspection.report("error", "security-descriptor", data + sk.descriptor, data, wrong);
    const usable = size === 0 || isDefaultSecurity(descriptor) ? undefined : descriptor;
    const security = { data, descriptor: usable, users: 0 };
    this.#cells.set(offset, security);
    return security;
  }

  /** Follows the ring from the first descriptor in use; after the last `use`. */
  finish(): void {
    const inspection = this.#inspection;
    inspection.current = -1;
    const start = [...this.#cells].find(([, cell]) => cell !== undefined)?.[0];
    if (start === undefined) return;
    const inRing = new Set<number>();
    for (let offset = start; !inRing.has(offset); ) {
      inRing.add(offset);
      const { data } = this.#cells.get(offset)!;
      const next = inspection.u32(data + sk.next);
      if (!this.#cells.has(next)) this.#read(next);
      const cell = this.#cells.get(next);
      if (cell === undefined) {
        const text = "the ring of security cells is broken: the next one is no such cell";
        inspection.report("error", "security-ring", data + sk.next, data, text);
        break;
      }
      if (inspection.u32(cell.data + sk.previous) !== offset) {
        const text = "the ring of security cells is not closed: a cell names another one before it";
        inspection.report("error", "security-ring", cell.data + sk.previous, cell.data, text);
      }
      offset = next;
    }
    this.#checkUsers(inRing);
  }

  #checkUsers(inRing: ReadonlySet<number>): void {
    for (const [offset, cell] of this.#cells) {
      if (cell === undefined) continue;
      const said = this.#inspection.u32(cell.data + sk.references);
      if (said !== cell.users) {
        const text = `a security cell counts ${said} users, but has ${cell.users}`;
        this.#inspection.report("error", "security-references", cell.data + sk.references, cell.data, text);
      }
      if (!inRing.has(offset))
        this.#inspection.report(
          "error",
          "security-ring",
          baseBlockSize + offset,
          cell.data,
          "a security cell is not in the ring",
        );
    }
  }
}

/** What makes a descriptor one that Windows does not load. */
function wrongWithDescriptor(bytes: Uint8Array): string | undefined {
  if (bytes.length < descriptorHead) return `a security descriptor of ${bytes.length} bytes is too short`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[0] !== 1) return `a security descriptor has the revision ${bytes[0]}`;
  if ((view.getUint16(2, true) & selfRelative) === 0) return "a security descriptor is not self-relative";
  const owner = view.getUint32(4, true);
  if (owner === 0) return "a security descriptor has no owner";
  for (const field of [4, 8, 12, 16]) {
    const at = view.getUint32(field, true);
    if (at !== 0 && (at < descriptorHead || at + 8 > bytes.length))
      return "a part of a security descriptor lies outside of it";
  }
  return undefined;
}
