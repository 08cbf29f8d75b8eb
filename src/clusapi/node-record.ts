/** `node.json` of a data folder, as far as tools beside the service need it. */
import { writeFileDurably } from "../base/durable.ts";
import { fail } from "../base/errors.ts";
import { type Files, OutsideError } from "../base/outside.ts";

/** Which node of which cluster a data folder is. */
export interface NodeRecord {
  readonly version: 1;
  /** Node id, decimal. */
  readonly node: string;
  readonly name: string;
  readonly cluster: string;
  readonly instance: string;
  /** Absolute path of the quorum folder. */
  readonly quorum: string;
  readonly insist: boolean;
  readonly timingFactor: number;
}

const fileIn = (data: string): string => `${data}/node.json`;

/** undefined when the folder holds no node. INVALID_DATA, VERSION_NOT_SUPPORTED. */
export async function readNodeRecord(files: Files, data: string): Promise<NodeRecord | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await files.read(fileIn(data));
  } catch (error) {
    if (error instanceof OutsideError && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
    throw error;
  }
  let record: Partial<NodeRecord>;
  try {
    record = JSON.parse(new TextDecoder().decode(bytes)) as Partial<NodeRecord>;
  } catch (cause) {
    throw fail("INVALID_DATA", { happened: `${fileIn(data)} is no JSON.`, unchanged: "Nothing was changed.", cause });
  }
  if (record.version !== 1) {
    throw fail("VERSION_NOT_SUPPORTED", {
      happened: `${fileIn(data)} has version ${String(record.version)}; this program reads version 1.`,
    });
  }
  return { insist: false, timingFactor: 1, ...record } as NodeRecord;
}

/** Replaces it, durably. */
export async function writeNodeRecord(files: Files, data: string, record: NodeRecord): Promise<void> {
  await files.makeFolder(data);
  await writeFileDurably(files, fileIn(data), new TextEncoder().encode(`${JSON.stringify(record, undefined, 2)}\n`));
}
