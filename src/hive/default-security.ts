import { concatBytes, equalBytes } from "../base/bytes.ts";

/** S-1-5-32-544. */
const administrators = Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0);
/** S-1-5-18. */
const system = Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0);

/** An allowing entry for KEY_ALL_ACCESS that subkeys inherit. */
function fullControl(sid: Uint8Array): Uint8Array {
  return concatBytes([Uint8Array.of(0, 2, 8 + sid.length, 0, 0x3f, 0, 0x0f, 0), sid]);
}

function build(): Uint8Array {
  const entries = concatBytes([fullControl(system), fullControl(administrators)]);
  const acl = concatBytes([Uint8Array.of(2, 0, 8 + entries.length, 0, 2, 0, 0, 0), entries]);
  const group = 20;
  const owner = group + system.length;
  const dacl = owner + administrators.length;
  // Revision 1, control SE_DACL_PRESENT | SE_SELF_RELATIVE, then the offsets of owner, group, SACL and DACL.
  const head = Uint8Array.of(1, 0, 4, 0x80, owner, 0, 0, 0, group, 0, 0, 0, 0, 0, 0, 0, dacl, 0, 0, 0);
  return concatBytes([head, system, administrators, acl]);
}

/**
 * What the writer stores for a key without a security descriptor: a self-relative one, owner Administrators, group SYSTEM, full
 * control for both. Windows writes the parts in the order DACL, owner, group; this one has group, owner, DACL, so the reader can
 * tell it from a descriptor that somebody set and gives the key back without one.
 */
export const defaultSecurity: Uint8Array = build();

/** Whether these are exactly the bytes of `defaultSecurity`. */
export function isDefaultSecurity(descriptor: Uint8Array): boolean {
  return equalBytes(descriptor, defaultSecurity);
}
