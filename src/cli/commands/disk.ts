import type { NodeDisks } from "../../api/node-service.ts";
import type { Cli } from "../cli.ts";
import { table } from "../render/table.ts";
import { bytesText, orDash } from "../render/text.ts";
import { type Define, notes, verb } from "../verbs.ts";

/** `clubar disk`. */
export const defineDisk: Define = (noun, cli) => {
  const list = verb(noun, "list", "List the disks that the nodes see, whose they are, and which could replace another")
    .option("--node <name>", "only those of one node")
    .action(({ node }: { readonly node?: string }) => listDisks(cli, node));
  notes(
    list,
    `A disk is known by the signature in its MBR or the GUID in its GPT, whatever it is called on a node. The last column says whether it
could take another disk's place (clubar recover disk), and otherwise why not: the quorum is on it, a resource uses it, it is mounted, it
has no file system that is known here, or another disk carries the same id.`,
  );
};

async function listDisks(cli: Cli, node: string | undefined): Promise<void> {
  const query = node === undefined ? {} : { node };
  const nodes = await cli.busy("Looking at the disks", cli.client().get<NodeDisks[]>("/recovery/disks", query));
  cli.show(nodes, () => textOf(nodes));
}

function textOf(nodes: readonly NodeDisks[]): string {
  const rows = nodes.flatMap(({ node, disks }) =>
    disks.map((disk) => [
      node,
      disk.name,
      bytesText(disk.size),
      orDash(disk.id),
      orDash(disk.partitions.map(({ fileSystem }) => fileSystem ?? "?").join(", ") || null),
      orDash(disk.resource?.name ?? null),
      orDash(disk.resource?.owner ?? null),
      disk.holdsQuorum ? "yes" : "",
      disk.isCandidate ? "yes" : `no: ${disk.why}`,
    ]),
  );
  const silent = nodes.filter(({ trouble }) => trouble !== "").map(({ node, trouble }) => `${node}: ${trouble}\n`);
  const head = ["Node", "Disk", "Size", "Id", "File systems", "Resource", "Owner", "Quorum", "Can replace"];
  return `${table(head, rows, "No disks.")}${silent.join("")}`;
}
