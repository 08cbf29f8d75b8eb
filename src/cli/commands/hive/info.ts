/** `clubar hive info`. */
import { sha256 } from "../../../base/digest.ts";
import type { OpenHive } from "../../../hive/open.ts";
import { wallTime } from "../../../tree/key.ts";
import type { Cli } from "../../cli.ts";
import { facts } from "../../render/table.ts";
import { bytesText, counted, timeAndAge } from "../../render/text.ts";
import { logsBeside, openHiveFile, type ReadOptions } from "./open-file.ts";

/** Options of `info`. */
export interface InfoOptions extends ReadOptions {
  readonly count?: boolean;
}

/** What the head of a hive says; with `count` also what is in it, for which all of it is read. */
export async function showInfo(cli: Cli, file: string, options: InfoOptions): Promise<void> {
  const { path, bytes, hive, recovery } = await openHiveFile(cli, file, options);
  const { block, root } = hive;
  const logs = (await logsBeside(path)).map((log) => log.path);
  const counts = options.count === true ? countAll(hive) : undefined;
  const view = {
    path,
    kind: "hive",
    version: `1.${block.minor}`,
    root: root.name,
    fileName: block.fileName,
    lastWritten: wallTime(block.lastWritten),
    primarySequence: block.primarySequence,
    secondarySequence: block.secondarySequence,
    checksumRight: block.checksumRight,
    dirty: hive.dirty,
    recovered: recovery?.outcome === "recovered",
    logs,
    size: bytes.length,
    binsSize: hive.binsSize,
    ...(counts === undefined ? {} : { ...counts, sha256: sha256(bytes) }),
  };
  const state = !hive.dirty
    ? "clean"
    : `DIRTY: ${block.checksumRight ? "its last write did not finish" : "its checksum is wrong"}`;
  cli.show(view, () =>
    facts([
      ["Hive", path],
      ["Version", view.version],
      ["Root", view.root],
      ["File name inside", view.fileName],
      ["Last written", block.lastWritten === 0n ? "not told" : timeAndAge(view.lastWritten, cli.terminal.now())],
      ["State", view.recovered ? "recovered from its logs" : state],
      ["Sequences", `${block.primarySequence} and ${block.secondarySequence}`],
      ["Logs beside it", logs.length === 0 ? "none" : logs.join(", ")],
      ["Size", `${bytesText(bytes.length)}, of which bins ${bytesText(hive.binsSize)}`],
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
