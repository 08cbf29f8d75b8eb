/** `node.json`: which node of which cluster this data folder is. */
import { writeFileDurably } from "../base/durable.ts";
import { fail } from "../base/errors.ts";
import { type Files, OutsideError } from "../base/outside.ts";

/** Written once, when the folder becomes a node. */
export interface NodeConfig {
  readonly version: 1;
  /** Node id, decimal. */
  readonly node: string;
  readonly name: string;
  readonly cluster: string;
  /** ClusterInstanceID. */
  readonly instance: string;
  /** Absolute path of the quorum folder. */
  readonly quorum: string;
  /** Accept a quorum folder on a file system whose locks can't be trusted. */
  readonly insist: boolean;
  /** Stretches all times of membership/timing.ts. */
  readonly timingFactor: number;
}

const fileOf = (data: string): string => `${data}/node.json`;

/** undefined when the folder holds no node. Fails with INVALID_DATA when the file is damaged. */
export async function readNodeConfig(files: Files, data: string): Promise<NodeConfig | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await files.read(fileOf(data));
  } catch (error) {
    if (error instanceof OutsideError && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
    throw error;
  }
  const damaged = (why: string): Error =>
    fail("INVALID_DATA", {
      happened: `${fileOf(data)} is damaged: ${why}.`,
      unchanged: "Nothing was changed.",
      next: "Evict the node on another one, empty this folder and join again.",
    });
  let config: Partial<NodeConfig>;
  try {
    config = JSON.parse(new TextDecoder().decode(bytes)) as Partial<NodeConfig>;
  } catch {
    throw damaged("it is no JSON");
  }
  if (config.version !== 1) {
    throw fail("VERSION_NOT_SUPPORTED", {
      happened: `${fileOf(data)} has version ${String(config.version)}; this program reads version 1.`,
    });
  }
  const { node, name, cluster, instance, quorum } = config;
  for (const [field, value] of Object.entries({ node, name, cluster, instance, quorum })) {
    if (typeof value !== "string" || value === "") throw damaged(`it has no "${field}"`);
  }
  return { insist: false, timingFactor: 1, ...config } as NodeConfig;
}

/** Makes the folder a node; durable when it resolves. */
export async function writeNodeConfig(files: Files, data: string, config: NodeConfig): Promise<void> {
  await files.makeFolder(data);
  await writeFileDurably(files, fileOf(data), new TextEncoder().encode(`${JSON.stringify(config, undefined, 2)}\n`));
}
