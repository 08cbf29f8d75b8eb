import { createHash, webcrypto } from "node:crypto";

/** SHA-256 of bytes, lower-case hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Digested at once without a noticeable stop of everything else. */
const smallBytes = 8_388_608;

/** As `sha256`; more than 8 MiB are digested aside, while the process goes on. */
export async function sha256Aside(bytes: Uint8Array): Promise<string> {
  if (bytes.length <= smallBytes) return sha256(bytes);
  return Buffer.from(await webcrypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)).toString("hex");
}

/** SHA-256 of chunks one after the other, lower-case hexadecimal. */
export function sha256OfChunks(chunks: Iterable<Uint8Array>): string {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

/** SHA-256 of chunks one after the other, 32 bytes. */
export function sha256Bytes(...chunks: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return new Uint8Array(hash.digest());
}
