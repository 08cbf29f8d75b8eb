/** Internet addresses as numbers: which subnet one is in. Pure. */

/** Bytes of an address, 4 or 16; undefined when the text is none. A zone (`%eth0`) is left out. */
function addressBytes(text: string): Uint8Array | undefined {
  const [address = ""] = text.split("%");
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return Uint8Array.from(address.split("."), Number);
  if (!/^[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*$/.test(address)) return undefined;
  const words = (part: string): number[] =>
    part === ""
      ? []
      : part.split(":").flatMap((word) => {
          if (!word.includes(".")) return [Number.parseInt(word, 16)];
          const [a = 0, b = 0, c = 0, d = 0] = word.split(".").map(Number);
          return [a * 256 + b, c * 256 + d];
        });
  const [head = "", tail] = address.split("::");
  const [before, after] = [words(head), words(tail ?? "")];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return Uint8Array.from([...before, ...zeros, ...after].flatMap((word) => [word >> 8, word & 255]));
}

/** The address of the subnet of `address` under `mask`, both as text; undefined when they are of different families or none. */
export function subnetOf(address: string, mask: string): string | undefined {
  const [bytes, under] = [addressBytes(address), addressBytes(mask)];
  if (bytes === undefined || under === undefined || bytes.length !== under.length) return undefined;
  const masked = bytes.map((byte, index) => byte & (under[index] ?? 0));
  return masked.length === 4 ? [...masked].join(".") : shortest(masked);
}

/** As RFC 5952 writes it. */
function shortest(bytes: Uint8Array): string {
  const words = Array.from({ length: 8 }, (_, index) => ((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0));
  const runs = words
    .map((_, start) => words.slice(start).findIndex((word) => word !== 0))
    .map((n, start) => (n === -1 ? 8 - start : n));
  const longest = Math.max(...runs);
  const text = (part: readonly number[]): string => part.map((word) => word.toString(16)).join(":");
  if (longest < 2) return text(words);
  const start = runs.indexOf(longest);
  return `${text(words.slice(0, start))}::${text(words.slice(start + longest))}`;
}
