/** `clubar hive info`. */
import { sha256 } from "../../../base/digest.ts";
import { type BaseBlock, isDirty, readBaseBlock, whyDirty } from "../../../hive/base-block.ts";
import { HiveError } from "../../../hive/hive-error.ts";
import { base, baseBlockSize } from "../../../hive/layout.ts";
import { type OpenHive, openHive } from "../../../hive/open.ts";
import { wallTime } from "../../../tree/key.ts";
import type { Cli } from "../../cli.ts";
import { facts } from "../../render/table.ts";
import { bytesText, counted, timeAndAge } from "../../render/text.ts";
import { logsBeside, readHiveFile, type ReadOptions, warnOf } from "./open-file.ts";

/** Where the last field of the head that is shown ends, in bytes. */
const headFields = base.fileName + base.fileNameSize;

/** Options of `info`. */
export interface InfoOptions extends ReadOptions {
  readonly count?: boolean;
}

/**
 * What the head of a hive says; with `count` also what is in it, for which all of it is read. Of a hive whose body is damaged, cut off for
 * one, what the head says is shown before the HiveError is thrown.
 */
export async function showInfo(cli: Cli, file: string, options: InfoOptions): Promise<void> {
  const { path, bytes, recovery } = await readHiveFile(cli, file, options);
  const { block, hive, root, damage } = openAsFarAsPossible(bytes);
  if (hive !== undefined) warnOf(cli, path, hive.block);
  const logs = (await logsBeside(path)).map((log) => log.path);
  const counts = options.count === true && hive !== undefined ? countAll(hive) : undefined;
  const view = {
    path,
    kind: "hive",
    version: `1.${block.minor}`,
    root: root ?? null,
    fileName: block.fileName,
    lastWritten: wallTime(block.lastWritten),
    primarySequence: block.primarySequence,
    secondarySequence: block.secondarySequence,
    checksumRight: block.checksumRight,
    dirty: isDirty(block),
    damage: damage === undefined ? null : { offset: damage.offset, reason: damage.reason },
    recovered: recovery?.outcome === "recovered",
    notes: recovery?.notes ?? [],
    logs,
    size: bytes.length,
    binsSize: hive?.binsSize ?? block.binsSize,
    ...(counts === undefined ? {} : { ...counts, sha256: sha256(bytes) }),
  };
  cli.show(view, () =>
    facts([
      ["Hive", path],
      ["Version", view.version],
      ["Root", root ?? "can't be read"],
      ["File name inside", view.fileName],
      ["Last written", block.lastWritten === 0n ? "not told" : timeAndAge(view.lastWritten, cli.terminal.now())],
      ["State", view.recovered ? "recovered from its logs" : stateOf(block, damage)],
      ...view.notes.map((note) => ["Note", note] as const),
      ["Sequences", `${block.primarySequence} and ${block.secondarySequence}`],
      ["Logs beside it", logs.length === 0 ? "none" : logs.join(", ")],
      [
        "Size",
        `${bytesText(bytes.length)}, of which bins ${bytesText(view.binsSize)}${damage === undefined ? "" : " by its head"}`,
      ],
      ...(counts === undefined
        ? []
        : ([
            [
              "Holds",
              `${counted(counts.keys, "key")}, ${counted(counts.values, "value")}, ${bytesText(counts.dataBytes)} of data`,
            ],
            ["Deepest key", `${counts.depth} levels below the root`],
            ["SHA-256", sha256(bytes)],
          ] as const)),
    ]),
  );
  if (damage !== undefined) throw damage;
}

interface Opened {
  readonly block: BaseBlock;
  readonly hive: OpenHive | undefined;
  readonly root: string | undefined;
  readonly damage: HiveError | undefined;
}

/** Throws HiveError when even the head is damaged. */
function openAsFarAsPossible(bytes: Uint8Array): Opened {
  let hive: OpenHive | undefined;
  try {
    hive = openHive(bytes);
    return { block: hive.block, hive, root: hive.root.name, damage: undefined };
  } catch (damage) {
    if (!(damage instanceof HiveError)) throw damage;
    return { block: hive?.block ?? readHead(bytes), hive: undefined, root: undefined, damage };
  }
}

/** Of a file that ends inside its head, too: what its fields say lies in the first bytes. Throws HiveError when they are not there. */
function readHead(bytes: Uint8Array): BaseBlock {
  const whole = new Uint8Array(Math.max(bytes.length < headFields ? 0 : baseBlockSize, bytes.length));
  whole.set(bytes.subarray(0, whole.length));
  return readBaseBlock(whole, new DataView(whole.buffer));
}

function stateOf(block: BaseBlock, damage: HiveError | undefined): string {
  if (damage !== undefined) return `DAMAGED: ${damage.reason}`;
  if (!isDirty(block)) return "clean";
  return `DIRTY: ${whyDirty(block)}`;
}

function countAll(hive: OpenHive): {
  readonly keys: number;
  readonly values: number;
  readonly dataBytes: number;
  readonly depth: number;
} {
  let [keys, values, dataBytes, deepest] = [0, 0, 0, 0];
  hive.walk({
    key: (_, depth) => {
      keys++;
      deepest = Math.max(deepest, depth);
    },
    value: ({ size }) => {
      values++;
      dataBytes += size;
    },
  });
  return { keys, values, dataBytes, depth: deepest };
}
