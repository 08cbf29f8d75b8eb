import { sha256 } from "../../base/digest.ts";
import { fail } from "../../base/errors.ts";
import { type BaseBlock, readBaseBlock, whyDirty } from "../../hive/base-block.ts";
import { readHive } from "../../hive/read.ts";
import { listHive } from "../../hive/listing.ts";
import { isRegText } from "../../hive/reg-encoding.ts";
import { writeRegText } from "../../hive/reg-write.ts";
import { childCount, childrenOf, type Key, valueCount, wallTime } from "../../tree/key.ts";
import { decodeDirectory, isDirectoryKey } from "../../checkpoint/directory-codec.ts";
import { directoryContent, directoryTable } from "../render/directory-text.ts";
import { decodeUtf16 } from "../../base/bytes.ts";
import type { Cli } from "../cli.ts";
import { isFolder, readArtefact } from "../read-artefact.ts";
import { facts, table } from "../render/table.ts";
import { bytesText, counted, orDash, timeAndAge } from "../render/text.ts";
import { type Define, finish, notes } from "../verbs.ts";

interface Options {
  readonly listing?: boolean;
  readonly text?: boolean;
  readonly cluster?: boolean;
}

/** `clubar inspect PATH`. */
export const defineInspect: Define = (noun, cli) => {
  finish(noun)
    .option("--listing", "of a hive: every key and value, a line each, tab-separated")
    .option("--text", "of a hive: as registry text")
    .option("--cluster", "of a backup set: its database, shown as a cluster")
    .action(async (given: string, options: Options) => {
      const path = cli.path(given);
      const folder = await isFolder(path);
      const { isVssSet } = await import("../../vss/cluster/read-set.ts");
      if (folder && (await isVssSet(cli.outside().files, path)))
        await (await import("./inspect-vss.ts")).inspectVss(cli, path);
      else if (folder && options.cluster === true)
        await (await import("./inspect-cluster.ts")).inspectSetCluster(cli, path);
      else if (folder) await inspectSet(cli, path);
      else await inspectFile(cli, path, options);
    });
  notes(
    noun,
    `PATH is the folder of a backup set or a VSS set, or a file: a hive, a .CPT, .CPD or .CPR, registry text; ClusDb, chk????.tmp and
exports of HKLM\\Cluster are shown as a cluster. \`clubar hive\` looks further into any hive.
Needs no service and changes nothing.`,
  );
};

async function inspectSet(cli: Cli, path: string): Promise<void> {
  const { inspectBackup } = await import("../../backup/backup.ts");
  const set = await inspectBackup(cli.outside(), path);
  const now = cli.terminal.now();
  const resources = set.resources.map(({ name, type }) => [name, type]);
  const checkpoints = set.checkpoints
    .filter(({ current }) => current)
    .map((one) => [one.resource, String(one.number), bytesText(one.size), one.path]);
  cli.show(set, () =>
    [
      facts([
        ["Backup set", set.path],
        ["State", set.complete ? "finished" : "UNFINISHED: the completion marker is missing"],
        ["Cluster", `${orDash(set.cluster.name)}, id ${orDash(set.cluster.instance)}`],
        ["Tag", orDash(set.tag)],
        ["Taken", set.time === undefined ? "not known" : `${timeAndAge(set.time, now)} on node ${orDash(set.node)}`],
        ["Nodes", orDash(set.nodes.map(({ name }) => name).join(", "))],
        ["Groups", orDash(set.groups.join(", "))],
        ["Size", bytesText(set.bytes)],
        ["Damage", set.damage.length === 0 ? "none was found" : set.damage.join("; ")],
        ...set.notChecked.map((one) => ["NOT CHECKED", one] as const),
        ["Other files", set.foreign.length === 0 ? undefined : set.foreign.join(", ")],
      ]),
      table(["Resource", "Type"], resources, "No resources."),
      table(["Checkpoint of", "Number", "Size", "Path"], checkpoints, "No checkpoints."),
    ].join("\n"),
  );
}

async function inspectFile(cli: Cli, path: string, options: Options): Promise<void> {
  const bytes = await readArtefact(path);
  const magic = String.fromCharCode(...bytes.subarray(0, 7));
  if (magic === "CLUBCPR") {
    await inspectContainer(cli, path, bytes);
    return;
  }
  if (isRegText(bytes)) {
    (await import("./inspect-cluster.ts")).inspectText(cli, path, bytes);
    return;
  }
  if (!magic.startsWith("regf")) {
    throw fail("INVALID_DATA", {
      happened: `${path} is no hive, no key container and no registry text.`,
      unchanged: "Nothing was changed.",
      next: "Name a file of one of these kinds.",
    });
  }
  if (options.listing === true) {
    listHive(bytes, sha256, (line) => cli.terminal.out(`${line}\n`));
    return;
  }
  const hive = readHive(bytes);
  if (options.text === true) {
    cli.terminal.out(
      decodeUtf16(writeRegText(hive.root, { prefix: `HKEY_LOCAL_MACHINE\\${hive.root.name}` })).replace(/^\ufeff/, ""),
    );
    return;
  }
  const { isClusterDatabase } = await import("../../database/cluster-view.ts");
  if (isDirectoryKey(hive.root)) showDirectory(cli, path, bytes);
  else if (isClusterDatabase(hive.root)) (await import("./inspect-cluster.ts")).showClusterHive(cli, path, bytes, hive);
  else showHive(cli, path, bytes, hive);
}

function showDirectory(cli: Cli, path: string, bytes: Uint8Array): void {
  const content = directoryContent(decodeDirectory(bytes));
  const view = { path, kind: "directory", size: bytes.length, sha256: sha256(bytes), ...content };
  cli.show(view, () => {
    const head = facts([
      ["Directory checkpoint", path],
      ["Holds", `${content.entries.length} files, folders and links, ${bytesText(content.bytes)}`],
      ["SHA-256", view.sha256],
      ["Content digest", content.contentDigest],
    ]);
    return `${head}\n${directoryTable(content)}`;
  });
}

function showHive(cli: Cli, path: string, bytes: Uint8Array, hive: ReturnType<typeof readHive>): void {
  const { root } = hive;
  const { keys, values } = count(root);
  const view = {
    path,
    kind: "hive",
    version: `1.${hive.minor}`,
    root: root.name,
    keys,
    values,
    size: bytes.length,
    sha256: sha256(bytes),
    lastWritten: wallTime(hive.lastWritten),
    dirty: hive.dirty,
  };
  const rows = [...childrenOf(root)].map((key) => [
    key.name,
    counted(childCount(key), "subkey"),
    counted(valueCount(key), "value"),
  ]);
  cli.show(view, () => {
    const head = facts([
      ["Hive", path],
      ["Version", view.version],
      ["Root", root.name],
      ["Holds", `${counted(keys, "key")}, ${counted(values, "value")}, ${bytesText(bytes.length)}`],
      ["Last written", timeAndAge(view.lastWritten, cli.terminal.now())],
      ["State", hive.dirty ? `DIRTY: ${whyDirty(headOf(bytes))}; changes may sit in log files beside it` : "clean"],
      ["SHA-256", view.sha256],
    ]);
    return `${head}\n${table(["Key", "Subkeys", "Values"], rows, "The root has no subkeys.")}`;
  });
}

function headOf(bytes: Uint8Array): BaseBlock {
  return readBaseBlock(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
}

function count(root: Key): { readonly keys: number; readonly values: number } {
  let keys = 0;
  let values = 0;
  const waiting = [root];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    keys += 1;
    values += valueCount(key);
    waiting.push(...childrenOf(key));
  }
  return { keys, values };
}

async function inspectContainer(cli: Cli, path: string, bytes: Uint8Array): Promise<void> {
  const { decodeContainer } = await import("../../registry/container-codec.ts");
  const { formatContainerName } = await import("../../registry/container-name.ts");
  const { name, exportable } = decodeContainer(bytes);
  const view = {
    path,
    kind: "key container",
    name: formatContainerName(name),
    exportable,
    size: bytes.length,
    sha256: sha256(bytes),
  };
  cli.show(view, () =>
    facts([
      ["Key container", path],
      ["Name", view.name],
      ["Exportable", exportable ? "yes" : "no"],
      ["Size", bytesText(bytes.length)],
      ["SHA-256", view.sha256],
      ["Private key", "in the file, not shown"],
    ]),
  );
}
