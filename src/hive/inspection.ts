import type { Severity } from "./finding.ts";
import { FindingList } from "./finding.ts";
import type { BinMap } from "./inspect-bins.ts";
import { inspectBaseBlock, inspectBins, state } from "./inspect-bins.ts";
import { baseBlockSize } from "./layout.ts";
import { limits } from "./limits.ts";

/** In a path: keys above this one are not known, or left out. */
export const unknownAbove = "…";

/** A cell that was found: the file offset of its data, and how many bytes there are. */
export interface FoundCell {
  readonly data: number;
  readonly length: number;
}

/** Something of a damaged hive that could not be read. */
export interface Loss {
  /** Where in the file, in bytes from its start. */
  readonly offset: number;
  /** `name`: the key or value is there, but its name was changed. `data`: the whole value is missing. */
  readonly kind: "key" | "list" | "value" | "data" | "name" | "security" | "class";
  /** The path of the key it was in. */
  readonly path: string;
  /** What is lost, without the end of a sentence. */
  readonly text: string;
}

/**
 * A look at a hive that stops at no damage: which cells there are and which were used, and everything that was found wrong. Each cell
 * is taken
 * once, so all work is bounded by the size of the file.
 */
export class Inspection {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly minor: number;
  /** The cell of the root, as the base block says. */
  readonly root: number;
  readonly findings: FindingList = new FindingList();
  readonly losses: Loss[] = [];
  readonly bins: BinMap;
  /** The names of the keys met so far and their parents, by the order in which they were met. */
  readonly names: string[] = [];
  readonly parents: number[] = [];
  /** The key that is looked at, -1 when none is. */
  current = -1;
  /** Bytes of cells behind damaged ones that may still be believed: such cells could lie across each other. */
  #believed: number;

  /** With `partial` cells are also looked for in the part of a page at which the file ends. */
  constructor(bytes: Uint8Array, partial: boolean) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const report = (severity: Severity, rule: string, offset: number, text: string): void =>
      this.report(severity, rule, offset, undefined, text);
    const { minor, root, extent } = inspectBaseBlock(this.view, partial, report);
    this.minor = minor;
    this.root = root;
    this.bins = inspectBins(this.view, extent, report);
    this.#believed = this.bins.unknown.reduce((sum, { from, to }) => sum + to - from, 0);
  }

  u16(at: number): number {
    return this.view.getUint16(at, true);
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  /** `data`: file offset of the data of the cell it belongs to. */
  report(severity: Severity, rule: string, offset: number, data: number | undefined, text: string): void {
    const cell = data === undefined ? undefined : data - 4 - baseBlockSize;
    const key = this.current;
    this.findings.add(rule, () => {
      const path = key < 0 ? undefined : this.pathOf(key);
      return { offset, cell, path, rule, severity, text };
    });
  }

  /** An error that costs something of the hive's content. */
  lose(kind: Loss["kind"], rule: string, offset: number, data: number | undefined, text: string): void {
    this.report("error", rule, offset, data, text);
    this.losses.push({ offset, kind, path: this.pathOf(this.current), text });
  }

  /** The path of a key below the root; of a very long one the end, after `…`. */
  pathOf(key: number): string {
    const names: string[] = [];
    let units = 0;
    for (let at = key; at >= 0 && this.parents[at]! >= 0; at = this.parents[at]!) {
      const name = units > limits.pathUnits ? unknownAbove : this.names[at]!;
      names.push(name);
      if (name === unknownAbove) break;
      units += name.length + 1;
    }
    return names.reverse().join("\\");
  }

  /**
   * Takes the allocated cell at an offset of the bins; a text says why there is none: `free`, `used`, `short` or `absent`. `least` is
   * what its data need.
   */
  take(offset: number, least: number): FoundCell | "absent" | "free" | "used" | "short" {
    const found = this.cellAt(offset);
    if (typeof found === "string") return found;
    if (found.length < least) return "short";
    const { cells } = this.bins;
    if (cells[offset >>> 3] !== state.allocated) {
      if (found.length > this.#believed) return "absent";
      this.#believed -= found.length;
    }
    cells[offset >>> 3]! |= state.used;
    return found;
  }

  /** Makes a taken cell, given by the file offset of its data, one that can be taken again. */
  giveBack(data: number): void {
    this.bins.cells[(data - 4 - baseBlockSize) >>> 3]! &= ~state.used;
  }

  /** As `take`, but the cell can be taken again. */
  cellAt(offset: number): FoundCell | "absent" | "free" | "used" {
    const { extent, cells } = this.bins;
    if (offset >= extent || (offset & 7) !== 0) return "absent";
    const known = cells[offset >>> 3]!;
    if (known === state.free) return "free";
    if ((known & state.used) !== 0) return "used";
    if (known !== state.allocated) return this.#unknownCell(offset);
    return { data: baseBlockSize + offset + 4, length: -this.view.getInt32(baseBlockSize + offset, true) - 4 };
  }

  /** Behind a damaged cell any that something points to is believed as far as its size can be true. */
  #unknownCell(offset: number): FoundCell | "absent" {
    const { unknown } = this.bins;
    let low = 0;
    let high = unknown.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (unknown[middle]!.from <= offset) low = middle;
      else high = middle - 1;
    }
    const stretch = unknown[low];
    if (stretch === undefined || offset < stretch.from || offset >= stretch.to) return "absent";
    const size = -this.view.getInt32(baseBlockSize + offset, true);
    if (size < 8 || size > stretch.to - offset) return "absent";
    return { data: baseBlockSize + offset + 4, length: size - 4 };
  }
}
