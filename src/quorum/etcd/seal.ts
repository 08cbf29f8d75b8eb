/**
 * Key containers (`.CPR`) are never in etcd in the clear: AES-256-GCM with a key that only the nodes of the cluster have. Stored are
 * nonce (12 bytes), ciphertext, tag (16 bytes); resource and number are authenticated with it, so that no version passes for another.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { concatBytes } from "../../base/bytes.ts";
import { fail } from "../../base/errors.ts";
import type { Random } from "../../base/outside.ts";
import type { VersionName } from "../quorum.ts";
import { versionFile, versionFolder } from "../rules.ts";

/** A cluster key: 32 random bytes and the name that versions sealed with it carry. */
export interface ClusterKey {
  readonly id: string;
  readonly secret: Uint8Array;
}

/** The cluster keys of a node; the newest seals. */
export interface ClusterKeys {
  /** Makes one for a generation that begins, so that whoever was evicted before can't open it; undefined where none can be kept. */
  begin(): Promise<ClusterKey | undefined>;
  /** NTE_BAD_KEY when this node was never given one. */
  newest(): Promise<ClusterKey>;
  /** undefined: this node was never given it. */
  find(id: string): Promise<ClusterKey | undefined>;
}

const nonceSize = 12;
const tagSize = 16;

/** Whether content of this kind is secret. */
export function isSecret(version: Pick<VersionName, "kind">): boolean {
  return version.kind === "CPR";
}

/** `bytes` as they are stored. */
export function seal(key: ClusterKey, random: Random, version: VersionName, bytes: Uint8Array): Uint8Array {
  const nonce = random.bytes(nonceSize);
  const cipher = createCipheriv("aes-256-gcm", key.secret, nonce);
  cipher.setAAD(nameOf(version));
  const parts = [nonce, cipher.update(bytes), cipher.final()];
  return concatBytes([...parts, cipher.getAuthTag()]);
}

/** Fails with NTE_BAD_DATA when it was sealed with another key or for another version, or was changed. */
export function unseal(key: ClusterKey, version: VersionName, stored: Uint8Array): Uint8Array {
  try {
    if (stored.length < nonceSize + tagSize) throw new RangeError("too short");
    const decipher = createDecipheriv("aes-256-gcm", key.secret, stored.subarray(0, nonceSize));
    decipher.setAAD(nameOf(version));
    decipher.setAuthTag(stored.subarray(-tagSize));
    return concatBytes([decipher.update(stored.subarray(nonceSize, -tagSize)), decipher.final()]);
  } catch (cause) {
    const name = `${versionFolder(version.resource)}/${versionFile(version)}`;
    throw fail("NTE_BAD_DATA", {
      happened: `The checkpoint ${name} in etcd can't be opened with cluster key ${key.id}.`,
      unchanged: "Nothing was changed.",
      next: "Restore it from a backup set.",
      cause,
    });
  }
}

function nameOf(version: VersionName): Uint8Array {
  return new TextEncoder().encode(`${versionFolder(version.resource)}/${versionFile(version)}`);
}
