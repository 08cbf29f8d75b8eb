/** Appends numbers, texts and bytes to a buffer that grows. All numbers are little-endian. */
import { encodeUtf16 } from "../base/bytes.ts";

/** Each call appends. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(256);
  #view: DataView = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  u8(number: number): void {
    const at = this.#room(1);
    this.#view.setUint8(at, number);
  }

  u32(number: number): void {
    const at = this.#room(4);
    this.#view.setUint32(at, number, true);
  }

  u64(number: bigint): void {
    const at = this.#room(8);
    this.#view.setBigUint64(at, number, true);
  }

  /** Length in bytes as u32, then the bytes. */
  bytes(bytes: Uint8Array): void {
    this.u32(bytes.length);
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** As `bytes`, in UTF-16LE. */
  text(text: string): void {
    this.bytes(encodeUtf16(text));
  }

  /** A byte 0 for undefined; otherwise 1 and the bytes. */
  optionalBytes(bytes: Uint8Array | undefined): void {
    this.u8(bytes === undefined ? 0 : 1);
    if (bytes !== undefined) this.bytes(bytes);
  }

  optionalText(text: string | undefined): void {
    this.optionalBytes(text === undefined ? undefined : encodeUtf16(text));
  }

  /** What was written; the writer is empty afterwards. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  /** Makes room for `count` more bytes and tells where they go. */
  #room(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#length = needed;
    return at;
  }
}
