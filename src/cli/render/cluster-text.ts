/** A cluster as its database tells of it, for people. */
import type { ClusterView, PlainData } from "../../database/cluster-view.ts";
import { facts, table } from "./table.ts";
import { counted, orDash } from "./text.ts";

const longest = 100;

/** Tables of everything; what there is none of is left out. */
export function clusterText(view: ClusterView): string {
  return [
    facts([
      ["Cluster", orDash(view.name)],
      ["Instance", view.instance ?? undefined],
      ["Tag", view.tag ?? undefined],
      ...Object.entries(view.properties).map(([name, data]) => [name, dataText(data)] as const),
      ...Object.entries(view.quorum).map(([name, data]) => [`Quorum ${name}`, dataText(data)] as const),
    ]),
    table(
      ["Node", "Id", "Version", "Weight"],
      view.nodes.map(({ name, id, version, weight }) => [
        orDash(name),
        id,
        orDash(version),
        orDash(weight?.toString()),
      ]),
      "No nodes.",
    ),
    table(
      ["Group", "State to keep", "Preferred owners", "Resources"],
      view.groups.map((group) => [
        group.name ?? group.id,
        group.persistentState,
        listText(group.preferredOwners),
        listText(group.resources),
      ]),
      "No groups.",
    ),
    table(
      ["Resource", "Type", "Group", "State to keep", "Depends on", "Possible owners"],
      view.resources.map((one) => [
        one.name ?? one.id,
        orDash(one.type),
        orDash(one.group),
        `${one.persistentState}${one.separateMonitor ? ", own monitor" : ""}`,
        listText(one.dependsOn),
        listText(one.possibleOwners),
      ]),
      "No resources.",
    ),
    ...someTable(["Resource", "Parameter", "Value"], parameterRows(view)),
    ...someTable(["Checkpoint of", "Kind", "What"], checkpointRows(view)),
    ...someTable(
      ["Resource type", "Description", "DLL"],
      view.types.map((type) => [type.name, orDash(type.description), orDash(type.dll)]),
    ),
    ...someTable(
      ["Network", "Role", "Address", "Interfaces"],
      view.networks.map((one) => [
        one.name ?? one.id,
        one.role,
        [one.address, one.mask].filter((part) => part !== null).join("/") || "–",
        listText(one.interfaces.map(({ node, address }) => (address === null ? node : `${node} ${address}`))),
      ]),
    ),
    ...someTable(
      ["Kept for applications", "Holds"],
      view.own.map(({ path, keys, values }) => [`${path}\\`, `${counted(keys, "key")}, ${counted(values, "value")}`]),
    ),
    ...view.dangling.map((one) => `NOT THERE: ${one}\n`),
  ].join("\n");
}

function someTable(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return rows.length === 0 ? [] : [table(headings, rows, "")];
}

function parameterRows({ resources }: ClusterView): string[][] {
  return resources.flatMap(({ name, id, parameters }) =>
    Object.entries(parameters).map(([parameter, data]) => [name ?? id, parameter, dataText(data)]),
  );
}

function checkpointRows({ resources }: ClusterView): string[][] {
  return resources.flatMap(({ name, id, checkpoints: { registry, crypto, directory } }) => [
    ...registry.map((path) => [name ?? id, "registry key", path]),
    ...crypto.map((path) => [name ?? id, "key container", path]),
    ...directory.map((path) => [name ?? id, "folder", path]),
  ]);
}

function listText(names: readonly string[]): string {
  return names.length === 0 ? "–" : names.join(", ");
}

function dataText(data: PlainData): string {
  const text = typeof data === "object" ? data.join("; ") : String(data);
  return text.length > longest ? `${text.slice(0, longest)}… (${counted(text.length, "character")})` : text;
}
