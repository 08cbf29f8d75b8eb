/** Reads what `ByteWriter` wrote. What is not there, or not so, is CLUSTER_CANT_DESERIALIZE_DATA with the offset. */
import { decodeUtf16 } from "../base/bytes.ts";
import { fail, type Failure } from "../base/errors.ts";

/** Each call reads on where the last one ended. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  /** A copy. */
  bytes(): Uint8Array {
    const length = this.u32();
    const at = this.#take(length);
    return this.#bytes.slice(at, at + length);
  }

  text(): string {
    const bytes = this.bytes();
    if (bytes.length % 2 !== 0) throw this.damaged("a text has an odd number of bytes");
    return decodeUtf16(bytes);
  }

  optionalBytes(): Uint8Array | undefined {
    return this.flag() ? this.bytes() : undefined;
  }

  optionalText(): string | undefined {
    return this.flag() ? this.text() : undefined;
  }

  flag(): boolean {
    const byte = this.u8();
    if (byte > 1) throw this.damaged(`a flag is ${byte}`);
    return byte === 1;
  }

  /** A count of things of which each takes at least `least` bytes; more than the rest can hold is damage. */
  count(least: number): number {
    const count = this.u32();
    if (count * least > this.#bytes.length - this.#at) throw this.damaged(`${count} things can't be in what is left`);
    return count;
  }

  /** Throws when bytes are left over. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw this.damaged(`${this.#bytes.length - this.#at} bytes are left over`);
  }

  damaged(what: string): Failure {
    return fail("CLUSTER_CANT_DESERIALIZE_DATA", {
      happened: `The data is damaged at byte ${this.#at}: ${what}.`,
      unchanged: "Nothing was changed.",
    });
  }

  #take(count: number): number {
    if (count > this.#bytes.length - this.#at)
      throw this.damaged(`it ends ${count - (this.#bytes.length - this.#at)} bytes too early`);
    const at = this.#at;
    this.#at += count;
    return at;
  }
}
