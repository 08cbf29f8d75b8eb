/** What the status page says, as HTML. */
import { type Html, html } from "./html.ts";
import { situation } from "./situation.ts";
import type { StatusView } from "./status-view.ts";
import type { GroupView, NodeView, ResourceView } from "./views.ts";

/** The content of the page's `main`. */
export function pageContent(status: StatusView): string {
  const { tone, sentence } = situation(status);
  const { cluster, self } = status;
  return html`<h1>${cluster.name}</h1>
<p class="lead"><span class="${tone}">${sentence}</span></p>
<p class="soft">Seen by node ${self.name} at tag <code>${status.tag}</code> ·
quorum: ${cluster.quorum} · cluster <code>${cluster.instance}</code></p>
${self.waits.map((wait) => html`<p class="warn">${wait}</p>`)}
<h2>Nodes</h2><div class="scroll"><table><tr><th>Node</th><th>State</th><th>Role</th><th>Groups</th></tr>
${status.nodes.map((node) => nodeRow(status, node))}</table></div>
<h2>Groups</h2><div class="scroll"><table><tr><th>Group</th><th>State</th><th>Owner</th><th></th></tr>
${status.groups.map(groupRow)}</table></div>
<h2>Resources</h2><div class="scroll"><table><tr><th>Resource</th><th>Type</th><th>Group</th><th>State</th><th>Node</th></tr>
${status.resources.map(resourceRow)}</table></div>
<h2>Checkpoints and backup</h2>
<p>${checkpointSentence(status)}</p>
${status.checkpoints.pending.map((line) => html`<p class="warn">Not captured yet: ${line}</p>`)}
<p>${backupSentence(status)}</p>
<p class="soft">${self.containmentSentence}</p>`.text;
}

function nodeRow(status: StatusView, node: NodeView): Html {
  const isSelf = node.id === status.self.id;
  const permit = isSelf ? (status.self.permitMs > 0 ? "has a permit" : "has no permit to run applications") : "";
  const roles = [status.leader?.node === node.name ? "leader" : "", isSelf ? "this node" : "", permit].filter(
    (text) => text !== "",
  );
  const drain = node.drain === "inProgress" ? ", being drained" : "";
  const why = node.downBecause === null ? "" : ` (${node.downBecause})`;
  const groups = node.groups.join(", ");
  return html`<tr><td>${node.name}</td><td class="${toneOf(node.state)}">${node.state}${drain}${why}</td>
<td>${roles.join(", ")}</td><td>${groups}</td></tr>
`;
}

function groupRow(group: GroupView): Html {
  const moving = group.movingTo === null ? "" : `moves to ${group.movingTo === "*" ? "another node" : group.movingTo}`;
  const wanted = group.wanted ? "" : "is to be offline";
  const notes = [moving, wanted, group.failed ?? ""].filter((text) => text !== "").join("; ");
  const tone = group.state === "offline" && !group.wanted ? "soft" : toneOf(group.state);
  return html`<tr><td>${group.name}</td><td class="${tone}">${group.state}</td><td>${group.owner ?? "–"}</td><td>${notes}</td></tr>
`;
}

function resourceRow(resource: ResourceView): Html {
  const reason = resource.reason === "" ? html`` : html`<br><span class="soft">${resource.reason}</span>`;
  return html`<tr><td>${resource.name}</td><td>${resource.type}</td><td>${resource.group ?? "–"}</td>
<td class="${toneOf(resource.state)}">${resource.state}${reason}</td><td>${resource.node ?? "–"}</td></tr>
`;
}

function toneOf(state: string): string {
  if (state === "online" || state === "up") return "ok";
  if (state === "offline") return "soft";
  return state === "failed" || state === "down" || state === "unknown" ? "bad" : "warn";
}

function checkpointSentence({ checkpoints }: StatusView): string {
  if (checkpoints.count === 0) return "No checkpoints.";
  const newest = checkpoints.newest === null ? "" : `, the newest version of ${utc(checkpoints.newest)}`;
  return `${checkpoints.count} checkpoint${checkpoints.count === 1 ? "" : "s"}${newest}.`;
}

function backupSentence({ lastBackup }: StatusView): string {
  if (lastBackup === null) return "This node knows of no backup.";
  return `Last backup: ${utc(lastBackup.time)}, at tag ${lastBackup.tag}, on node ${lastBackup.node} in ${lastBackup.path}.`;
}

function utc(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
