import { damageOf, examineVssSet } from "../../vss/cluster/read-set.ts";
import { backupType, nameOf } from "../../vss/enumerations.ts";
import type { Cli } from "../cli.ts";
import { facts, table } from "../render/table.ts";
import { bytesText, orDash, timeAndAge } from "../render/text.ts";

/** `clubar inspect PATH` of a VSS set. */
export async function inspectVss(cli: Cli, path: string): Promise<void> {
  const found = await examineVssSet(cli.outside(), path);
  const { manifest, complete } = found;
  const damage = damageOf(found);
  const { files: _, ...told } = manifest ?? { files: [] };
  const files = manifest?.files ?? [];
  const view = { path: found.path, complete, ...told, damage, files };
  cli.show(view, () =>
    [
      facts([
        ["VSS set", found.path],
        ["State", complete ? "finished" : "UNFINISHED: the completion marker is missing"],
        ["Node", manifest === undefined ? "–" : `${manifest.node.name} (${manifest.node.id})`],
        ["Cluster", manifest === undefined ? "–" : `${manifest.cluster.name}, id ${manifest.cluster.instance}`],
        ["Taken", manifest === undefined ? "–" : timeAndAge(manifest.time, cli.terminal.now())],
        ["Node's state then", manifest === undefined ? "–" : stateText(manifest.nodeClusterState)],
        ["Backup type", manifest === undefined ? "–" : nameOf(backupType, manifest.backupState.backupType)],
        ["ClusDb at tag", orDash(manifest?.clusDb?.tag)],
        ["Cluster's part", manifest?.clusterTag === undefined ? "none" : `at tag ${manifest.clusterTag}, in cluster/`],
        ["Damage", damage.length === 0 ? "none was found" : damage.join("; ")],
        ...(manifest?.notChecked ?? []).map((one) => ["NOT CHECKED", one] as const),
      ]),
      table(
        ["File", "Size"],
        files.map(({ name, size }) => [name, bytesText(size)]),
        "No files.",
      ),
    ].join("\n"),
  );
}

function stateText(state: number): string {
  return state === 19 ? "19, running: a cluster" : `${state}, not running: a stand-alone server`;
}
