import { situation } from "../../api/situation.ts";
import type { StatusView } from "../../api/status-view.ts";
import { networkTable } from "./network.ts";
import { oneLine, table } from "../render/table.ts";
import { counted, orDash, timeAndAge } from "../render/text.ts";
import { type Define, finish, notes } from "../verbs.ts";

/** `clubar status`. */
export const defineStatus: Define = (noun, cli) => {
  finish(noun)
    .option("--all", `every group and resource, also when there are more than ${shownGroups} groups`)
    .action(async ({ all }: { readonly all?: true }) => {
      const isShort = all !== true && !cli.settings.json;
      const query = isShort ? { groups: String(shownGroups) } : {};
      const status = await cli.client().get<StatusView>("/status", query);
      cli.show(status, () => statusText(status, cli.terminal.now()));
    });
  notes(noun, `Of more than ${shownGroups} groups, those that need a look are shown first; --json tells everything.`);
};

/** More groups are counted; names of a node's groups are shown up to the second number. */
const shownGroups = 100;
const shownNames = 20;

/** The situation in a sentence first, then nodes, groups, resources, checkpoints, backup. */
export function statusText(status: StatusView, now: number): string {
  const { cluster, self, leader, nodes, groups, resources, counts } = status;
  const lines = [
    situation(status).sentence,
    "",
    `Cluster ${cluster.name}, id ${cluster.instance}, tag ${status.tag}, quorum: ${cluster.quorum}`,
    `This node: ${self.name} (${self.state})${self.because === "" ? "" : `. ${self.because}`}`,
    permitLine(status),
    ...self.waits.map((wait) => `Waits: ${wait}`),
  ];
  const nodeRows = nodes.map((node) => {
    const roles = [
      leader?.node === node.name ? "leader" : "",
      node.id === self.id ? "this node" : "",
      node.downBecause ?? "",
    ];
    const drain = node.drain === "inProgress" ? " (being drained)" : "";
    return [node.name, `${node.state}${drain}`, roles.filter((role) => role !== "").join(", "), ownedText(node)];
  });
  const groupRows = groups.map((group) => {
    const moving =
      group.movingTo === null ? "" : `moves to ${group.movingTo === "*" ? "another node" : group.movingTo}`;
    const offline = group.held === null ? "is to be offline" : `HELD: ${group.held}`;
    const notes = [moving, group.wanted ? "" : offline, group.failed ?? ""].filter((note) => note !== "");
    return [group.name, group.state, orDash(group.owner), notes.join("; ")];
  });
  const resourceRows = resources.map((one) => [
    one.name,
    one.type,
    orDash(one.group),
    one.state,
    orDash(one.node),
    one.reason,
  ]);
  return [
    `${lines.join("\n")}\n`,
    table(["Node", "State", "Role", "Groups"], nodeRows, "No nodes."),
    ...(status.networks.length === 0 ? [] : [networkTable(status.networks)]),
    `${table(["Group", "State", "Owner", ""], groupRows, "No groups.")}${moreText(counts.groups - groups.length, "group")}`,
    table(["Resource", "Type", "Group", "State", "Node", ""], resourceRows, "No resources.") +
      moreText(counts.resources - resources.length, "resource"),
    `${checkpointLine(status, now)}\n${backupLine(status, now)}\n`,
  ].join("\n");
}

function ownedText({ groups, groupCount }: StatusView["nodes"][number]): string {
  return groupCount > shownNames ? counted(groupCount, "group") : groups.join(", ");
}

function moreText(count: number, noun: string): string {
  if (count <= 0) return "";
  return `… and ${counted(count, noun)} more: clubar status --all, or clubar ${noun} list --search TEXT\n`;
}

function permitLine({ self }: StatusView): string {
  const permit = self.permitMs > 0 ? `has a permit for ${self.permitMs} ms more` : "has no permit to run applications";
  return `Permit: ${permit}. Permits last ${Math.round(self.permitLength)} ms here. ${self.containmentSentence}`.trim();
}

function checkpointLine({ checkpoints }: StatusView, now: number): string {
  const newest = checkpoints.newest === null ? "" : `, the newest version of ${timeAndAge(checkpoints.newest, now)}`;
  const pending = checkpoints.pending.map((line) => `\nNot captured yet: ${line}`).join("");
  const lost = checkpoints.lost.map(({ resource, path, file, how, onlyOn }) => {
    const limit = onlyOn === null ? "" : `; until it is re-created, ${resource} comes online only on ${onlyOn}`;
    return `\n${oneLine(`Checkpoint ${path} of ${resource} is ${how} (${file})${limit}: clubar recover checkpoints`)}`;
  });
  const edits = checkpoints.offlineEdits.map(
    ({ resource, path, node }) =>
      `\n${oneLine(`Changed on ${node} while ${resource} is not online there: ${path}; the next online there replaces it`)}`,
  );
  return [`${counted(checkpoints.count, "checkpoint")}${newest}${pending}`, ...lost, ...edits].join("");
}

function backupLine({ lastBackup }: StatusView, now: number): string {
  if (lastBackup === null) return "This node knows of no backup.";
  return `Last backup ${timeAndAge(lastBackup.time, now)} at tag ${lastBackup.tag}, on node ${lastBackup.node} in ${lastBackup.path}`;
}
