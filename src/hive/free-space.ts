import { state } from "./inspect-bins.ts";
import type { Inspection } from "./inspection.ts";
import { baseBlockSize } from "./layout.ts";

/** The free cells of a hive, and what is asked of them. All places are file offsets. */
export class FreeSpace {
  readonly #from: number[] = [];
  readonly #to: number[] = [];

  constructor(inspection: Inspection) {
    const { cells, extent } = inspection.bins;
    for (let i = 0; i < cells.length; i++) {
      if (cells[i] !== state.free) continue;
      const at = baseBlockSize + i * 8;
      const end = Math.min(at + inspection.view.getInt32(at, true), baseBlockSize + extent);
      // Neighbours count as one: what was deleted may lie across them.
      if (this.#to.at(-1) === at) this.#to[this.#to.length - 1] = end;
      else {
        this.#from.push(at);
        this.#to.push(end);
      }
    }
  }

  /** The end of the free stretch that holds a place; undefined when the place is not free. */
  endAt(place: number): number | undefined {
    let low = 0;
    let high = this.#from.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#from[middle]! <= place) low = middle;
      else high = middle - 1;
    }
    const [from, to] = [this.#from[low], this.#to[low]];
    return from !== undefined && to !== undefined && place >= from && place < to ? to : undefined;
  }

  /** Every place where the data of a cell could have begun, with the end of its free stretch. */
  *places(): Generator<readonly [at: number, end: number], void, undefined> {
    for (let i = 0; i < this.#from.length; i++)
      for (let at = this.#from[i]! + 4; at < this.#to[i]!; at += 8) yield [at, this.#to[i]!];
  }
}
