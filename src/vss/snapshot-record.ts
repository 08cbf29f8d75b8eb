/** One shadow copy in the catalogue. docs/formats/vss-catalogue.md. */
import { z } from "zod";
import { failureOf } from "../base/failure-of.ts";
import { fail } from "../base/errors.ts";

/** What the catalogue keeps of a shadow copy; times are wall milliseconds. */
export interface SnapshotRecord {
  readonly version: 1;
  readonly snapshotId: string;
  readonly snapshotSetId: string;
  readonly snapshotsCount: number;
  readonly providerId: string;
  readonly volume: string;
  /** The provider's, see `SnapshotPlace`. */
  readonly note: string;
  readonly attributes: number;
  readonly machine: string;
  readonly createdAt: number;
  /** "making" until the whole set is made. */
  readonly state: "making" | "created";
  readonly leftOut: readonly string[];
  /** The process that made it. */
  readonly owner: { readonly pid: number; readonly started: string };
}

const recordSchema: z.ZodType<SnapshotRecord> = z.strictObject({
  version: z.literal(1),
  snapshotId: z.uuid(),
  snapshotSetId: z.uuid(),
  snapshotsCount: z.int().min(0),
  providerId: z.uuid(),
  volume: z.string(),
  note: z.string(),
  attributes: z.int().min(0),
  machine: z.string(),
  createdAt: z.number(),
  state: z.enum(["making", "created"]),
  leftOut: z.array(z.string()),
  owner: z.strictObject({ pid: z.int(), started: z.string() }),
});

/** JSON, one object. */
export function encodeSnapshotRecord(record: SnapshotRecord): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(record, undefined, 2)}\n`);
}

/** Throws INVALID_DATA for anything else, VERSION_NOT_SUPPORTED for another version. */
export function decodeSnapshotRecord(bytes: Uint8Array, path: string): SnapshotRecord {
  let found: unknown;
  try {
    found = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw fail("INVALID_DATA", { happened: `${path} is not JSON: ${failureOf(cause).happened}`, cause });
  }
  const version = (found as { version?: unknown } | null)?.version;
  if (typeof version === "number" && version !== 1) {
    throw fail("VERSION_NOT_SUPPORTED", { happened: `${path} has version ${version}; this clubar reads version 1.` });
  }
  const parsed = recordSchema.safeParse(found);
  if (parsed.success) return parsed.data;
  throw fail("INVALID_DATA", { happened: `${path} is no record of a shadow copy: ${z.prettifyError(parsed.error)}` });
}
