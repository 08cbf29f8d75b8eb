/** The machine's disks: found by what is written on them, mounted, unmounted. The quorum disk's layout and Physical Disk rest on it. */
import type { ProcessIdentity } from "../base/outside.ts";
import type { Partition } from "./partition.ts";

/** How a disk is known wherever it is attached: the signature in its MBR or the GUID in its GPT (lower case, no braces). */
export type DiskId =
  | { readonly kind: "signature"; readonly signature: number }
  | { readonly kind: "guid"; readonly guid: string };

/** A disk as it is attached now. */
export interface Disk {
  /** "sdb", "data.img": for people; it changes with the order in which disks are found. */
  readonly name: string;
  /** The device or the image. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** undefined: it carries none that can be read, and `trouble` says why. */
  readonly id: DiskId | undefined;
  readonly partitions: readonly Partition[];
  /** What is wrong with its partition table; "" when nothing is. */
  readonly trouble: string;
}

/**
 * The disks that this machine can reach. `source` names one partition while it is attached: the text that `sourceOf` gives, good until
 * the machine is restarted.
 */
export interface Disks {
  /** One sentence: what stands behind it. */
  readonly sentence: string;
  /** All disks, those without a good partition table too. By name. */
  list(): Promise<readonly Disk[]>;
  /** @throws CLUSTER_DISK_NOT_CONNECTED when the system knows no such partition */
  sourceOf(disk: Disk, partition: Partition): Promise<string>;
  /**
   * Mounts at an existing folder. `started` is told the process that does it, before it does anything: whoever finds that process's
   * name knows that nothing more comes of it once it has ended. Resolves when it is mounted; after `signal` it is killed and rejects.
   * Whatever it rejects with, look whether it is mounted.
   */
  mount(source: string, point: string, started: MountStarted, signal: AbortSignal): Promise<void>;
  /** In order: rejects (CLUSTER_RESOURCE_… of the system's words) while anybody uses it. Nothing mounted there is fine. */
  unmount(point: string): Promise<void>;
  /** What is mounted at exactly this place, the topmost, for people; undefined when nothing is. */
  mountedAt(point: string): Promise<string | undefined>;
  /** Whether that is what is mounted at exactly this place. True also when it can't be told from it. */
  isAt(source: string, point: string): Promise<boolean>;
  /** Who has it, as a sentence's end, in whatever mount namespace; undefined when the system says that nobody has, or it is gone. */
  inUse(source: string): Promise<string | undefined>;
  /** Whether its beginning can be read now. */
  answers(source: string): Promise<boolean>;
}

/** Rejects when the mount must not begin. */
export type MountStarted = (process: ProcessIdentity | undefined) => Promise<void>;

/** DiskIdType of a Physical Disk resource (wsfc-facts §6.3). */
const idType = { signature: 0, guid: 1 } as const;

/** The disk that a resource's DiskIdType, DiskSignature and DiskIdGuid name; undefined when they name none. */
export function diskIdOf(type: number, signature: number, guid: string): DiskId | undefined {
  const bare = guid.replace(/^\{(.*)\}$/, "$1").toLowerCase();
  if (type !== idType.guid && signature !== 0) return { kind: "signature", signature };
  if (type !== idType.signature && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(bare))
    return { kind: "guid", guid: bare };
  return undefined;
}

/** "signature 0xA1B2C3D4", "GUID 1111…". */
export function diskIdText(id: DiskId): string {
  return id.kind === "signature"
    ? `signature 0x${id.signature.toString(16).toUpperCase().padStart(8, "0")}`
    : `GUID ${id.guid}`;
}

/** All that carry it: more than one is a copy that must not be mounted for the other. */
export function findDisks(disks: readonly Disk[], id: DiskId): readonly Disk[] {
  const wanted = diskIdText(id);
  return disks.filter((disk) => disk.id !== undefined && diskIdText(disk.id) === wanted);
}

/** "loop0 (signature 0x…, 1 partition)": for the sentence that says what was seen. */
export function diskText({ name, id, partitions, trouble }: Disk): string {
  if (id === undefined) return `${name} (${trouble})`;
  return `${name} (${diskIdText(id)}, ${partitions.length} ${partitions.length === 1 ? "partition" : "partitions"})`;
}
