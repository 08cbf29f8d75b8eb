/** A key container in bytes: the content of a .CPR checkpoint, and of the file on a node (docs/formats/cpr.md). */
import { concatBytes, equalBytes } from "../base/bytes.ts";
import { sha256Bytes } from "../base/digest.ts";
import { fail, type Failure } from "../base/errors.ts";
import { ByteReader } from "../tree/byte-reader.ts";
import { ByteWriter } from "../tree/byte-writer.ts";
import type { ContainerName } from "./container-name.ts";

/** What the bytes of a container say. */
export interface ContainerContent {
  readonly name: ContainerName;
  readonly exportable: boolean;
  /** The private key, PKCS#8 DER. */
  readonly pkcs8: Uint8Array;
}

/** "CLUBCPR" and a NUL. */
const magic = Uint8Array.of(0x43, 0x4c, 0x55, 0x42, 0x43, 0x50, 0x52, 0);
const version = 1;
const digestLength = 32;

/** The same content gives the same bytes. */
export function encodeContainer({ name, exportable, pkcs8 }: ContainerContent): Uint8Array {
  const to = new ByteWriter();
  to.u32(version);
  to.u32(name.type);
  to.text(name.provider);
  to.text(name.key);
  to.u8(exportable ? 1 : 0);
  to.bytes(pkcs8);
  const content = concatBytes([magic, to.take()]);
  return concatBytes([content, sha256Bytes(content)]);
}

/**
 * NTE_BAD_DATA when the bytes are damaged or something else; VERSION_NOT_SUPPORTED for a later version. The key itself is not
 * looked at.
 */
export function decodeContainer(bytes: Uint8Array): ContainerContent {
  const end = bytes.length - digestLength;
  if (end < magic.length + 4 || !equalBytes(bytes.subarray(0, magic.length), magic)) throw damaged("it is not one");
  const found = new DataView(bytes.buffer, bytes.byteOffset).getUint32(magic.length, true);
  if (found !== version) {
    throw fail("VERSION_NOT_SUPPORTED", {
      happened: `The key container has the format version ${found}; this clubar reads version ${version}.`,
      unchanged: "Nothing was changed.",
      next: "Update clubar on this node.",
    });
  }
  if (!equalBytes(sha256Bytes(bytes.subarray(0, end)), bytes.subarray(end))) throw damaged("its checksum is wrong");
  const from = new ByteReader(bytes.subarray(magic.length + 4, end));
  try {
    const name = { type: from.u32(), provider: from.text(), key: from.text() };
    const content = { name, exportable: from.flag(), pkcs8: from.bytes() };
    from.end();
    return content;
  } catch (cause) {
    throw damaged(cause instanceof Error ? cause.message : "it can't be read");
  }
}

function damaged(why: string): Failure {
  return fail("NTE_BAD_DATA", {
    happened: `The bytes are not a whole key container: ${why}.`,
    unchanged: "No key was changed.",
    next: "Take another copy of it.",
  });
}
