/** Private keys: made, read from PEM or PKCS#8, used to sign. Pure computation, but for the making of RSA primes. */
import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { promisify } from "node:util";
import { fail } from "../base/errors.ts";
import type { Random } from "../base/outside.ts";

/** The kinds of keys that are made here. */
export type Algorithm = "rsa-2048" | "ec-p256" | "ed25519";

/**
 * A new key. Its secret comes from `random`, except an RSA key's: Node makes primes from the system's random numbers only.
 */
export async function makePrivateKey(algorithm: Algorithm, random: Random): Promise<KeyObject> {
  switch (algorithm) {
    case "rsa-2048":
      return (await promisify(generateKeyPair)("rsa", { modulusLength: 2048 })).privateKey;
    case "ec-p256":
      return ecKey(random);
    case "ed25519":
      return readPkcs8(Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), random.bytes(32)]));
  }
}

/** A scalar that is 0 or not below the group's order (one in 2^32) is refused by `setPrivateKey`; then another is drawn. */
function ecKey(random: Random): KeyObject {
  for (;;) {
    const secret = Buffer.from(random.bytes(32));
    const ecdh = createECDH("prime256v1");
    try {
      ecdh.setPrivateKey(secret);
    } catch {
      continue;
    }
    const point = ecdh.getPublicKey();
    const [d, x, y] = [secret, point.subarray(1, 33), point.subarray(33)].map((bytes) => bytes.toString("base64url"));
    return createPrivateKey({ format: "jwk", key: { kty: "EC", crv: "P-256", d: d ?? "", x: x ?? "", y: y ?? "" } });
  }
}

/** PEM of any kind, not encrypted. NTE_BAD_DATA when it is none, NTE_BAD_KEY for a kind of key that can't be kept. */
export function readPem(pem: string): KeyObject {
  return checked(() => createPrivateKey({ key: pem, format: "pem" }));
}

/** As `readPem`, for PKCS#8 DER. */
export function readPkcs8(der: Uint8Array): KeyObject {
  return checked(() => createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" }));
}

function checked(read: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (cause) {
    throw fail("NTE_BAD_DATA", {
      happened: "The bytes are not a private key that can be read.",
      unchanged: "No key was changed.",
      next: "Give an unencrypted private key in PEM form, or the file as it was exported.",
      cause,
    });
  }
  if (kindOf(key) !== undefined) return key;
  throw fail("NTE_BAD_KEY", {
    happened: `A private key of the kind ${key.asymmetricKeyType ?? "unknown"} can't be kept in a key container.`,
    unchanged: "No key was changed.",
    next: "Use an RSA key of at least 2048 bits, an EC key or an Ed25519 key.",
  });
}

function kindOf(key: KeyObject): string | undefined {
  const { modulusLength = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "rsa":
      return modulusLength >= 2048 ? `rsa-${modulusLength}` : undefined;
    case "ec":
      return namedCurve === "prime256v1" ? "ec-p256" : `ec-${namedCurve}`;
    case "ed25519":
      return "ed25519";
    default:
      return undefined;
  }
}

/** "rsa-2048", "ec-p256", "ed25519", also other sizes and curves. */
export function algorithmOf(key: KeyObject): string {
  return kindOf(key) ?? "unknown";
}

/** DER, not encrypted. */
export function toPkcs8(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ format: "der", type: "pkcs8" }));
}

/** SubjectPublicKeyInfo. */
export function publicPemOf(key: KeyObject): string {
  return createPublicKey(key).export({ format: "pem", type: "spki" }).toString();
}

/** RSA: PKCS#1 v1.5 over SHA-256; EC: DER over SHA-256; Ed25519: as it is. */
export function signWith(key: KeyObject, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(sign(hashFor(key), bytes, key));
}

function hashFor(key: KeyObject): "sha256" | null {
  return key.asymmetricKeyType === "ed25519" ? null : "sha256";
}

/** NTE_BAD_DATA unless what the key signs is verified by its public half: a damaged key can be well-formed. */
export function testKey(key: KeyObject, probe: Uint8Array): void {
  let works = false;
  try {
    works = verify(hashFor(key), probe, createPublicKey(key), signWith(key, probe));
  } catch {
    works = false;
  }
  if (works) return;
  throw fail("NTE_BAD_DATA", {
    happened: "The private key does not work: what it signs is not verified by its public half.",
    unchanged: "No key was changed.",
    next: "Take another copy of it.",
  });
}
