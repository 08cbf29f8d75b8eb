/** `clubar inspect` of what holds a cluster: a hive, registry text, the database of a set. */
import { examineSet } from "../../backup/examine.ts";
import { sha256 } from "../../base/digest.ts";
import { fail } from "../../base/errors.ts";
import { isClusterDatabase, viewCluster } from "../../database/cluster-view.ts";
import type { Hive } from "../../hive/read.ts";
import { readRegTree } from "../../hive/reg-text.ts";
import { childrenOf, type Key, valueCount, wallTime } from "../../tree/key.ts";
import type { Cli } from "../cli.ts";
import { clusterText } from "../render/cluster-text.ts";
import { facts } from "../render/table.ts";
import { bytesText, counted, timeAndAge } from "../render/text.ts";

/** A ClusDb, a `chk????.tmp` or another hive of a cluster. */
export function showClusterHive(cli: Cli, path: string, bytes: Uint8Array, hive: Hive): void {
  const lastWritten = wallTime(hive.lastWritten);
  const view = {
    path,
    kind: "cluster database",
    version: `1.${hive.minor}`,
    size: bytes.length,
    sha256: sha256(bytes),
    lastWritten,
    dirty: hive.dirty,
    cluster: viewCluster(hive.root),
  };
  cli.show(view, () => {
    const head = facts([
      ["Cluster database", path],
      ["Hive", `version ${view.version}, ${bytesText(bytes.length)}`],
      ["Last written", hive.lastWritten === 0n ? "not told" : timeAndAge(lastWritten, cli.terminal.now())],
      ["State", hive.dirty ? "DIRTY: its last write did not finish; changes may sit in log files beside it" : "clean"],
      ["SHA-256", view.sha256],
    ]);
    return `${head}\n${clusterText(view.cluster)}`;
  });
}

/** Registry text: an export of HKLM\Cluster as a cluster, another one by what is in it. */
export function inspectText(cli: Cli, path: string, bytes: Uint8Array): void {
  const { root, path: key, deletes } = readRegTree(bytes);
  const cluster = isClusterDatabase(root) ? viewCluster(root) : null;
  const { keys, values } = count(root);
  const view = { path, kind: "registry text", key, deletes, keys, values, size: bytes.length, cluster };
  cli.show(view, () => {
    const head = facts([
      ["Registry text", path],
      ["Key", key],
      [
        "Holds",
        `${counted(keys, "key")}, ${counted(values, "value")}${deletes ? ", and deletions: it is a list of changes" : ""}`,
      ],
    ]);
    return cluster === null ? head : `${head}\n${clusterText(cluster)}`;
  });
}

/** The database of a backup set. DATABASE_BACKUP_CORRUPT when it can't be read. */
export async function inspectSetCluster(cli: Cli, path: string): Promise<void> {
  const { tree } = await examineSet(cli.outside(), path);
  if (tree === undefined) {
    throw fail("DATABASE_BACKUP_CORRUPT", {
      happened: `${path} holds no backup set whose database can be read.`,
      unchanged: "Nothing was changed.",
      next: `clubar verify ${path} says what is wrong with it.`,
    });
  }
  const cluster = viewCluster(tree);
  cli.show({ path, kind: "backup set", cluster }, () => clusterText(cluster));
}

function count(root: Key): { readonly keys: number; readonly values: number } {
  let [keys, values] = [0, 0];
  const waiting = [root];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    keys++;
    values += valueCount(key);
    for (const child of childrenOf(key)) waiting.push(child);
  }
  return { keys, values };
}
