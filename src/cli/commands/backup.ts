import type { BackupAnswer } from "../../api/routes/backup.ts";
import type { ClusterView } from "../../api/routes/cluster.ts";
import { fail } from "../../base/errors.ts";
import { failureOf } from "../../base/failure-of.ts";
import type { Cli } from "../cli.ts";
import { table } from "../render/table.ts";
import { bytesText, counted, orDash, timeAndAge } from "../render/text.ts";
import { type Define, notes, verb } from "../verbs.ts";

/** `clubar b[ackup] CLUSTER PATH`, `clubar backup list FOLDER`. */
export const defineBackup: Define = (noun, cli) => {
  noun.usage("<cluster> <path> | list <folder>");
  const take = verb(noun, "take <cluster> <path>", "Back up the cluster's configuration with all checkpoints");
  take.action((cluster: string, path: string) => takeBackup(cli, cluster, path));
  verb(noun, "list <folder>", "List the backup sets in a folder and below it; needs no service").action(
    (folder: string) => listSets(cli, folder),
  );
  notes(
    noun,
    `The word "take" may be left out, and "backup" may be cut: clubar b PAYROLL /backups/today
"." as the cluster is the one of this node. The set is written on the node that leads, into PATH there.`,
  );
};

async function takeBackup(cli: Cli, cluster: string, given: string): Promise<void> {
  const client = cli.client();
  const { name } = await withRights(client.get<ClusterView>("/cluster"));
  if (cluster !== "." && cluster.toLowerCase() !== name.toLowerCase()) {
    throw fail("SERVER_UNAVAILABLE", {
      happened: `No cluster "${cluster}" can be reached from here; this node belongs to "${name}".`,
      unchanged: "No backup was written.",
      next: `Write: clubar backup ${name} ${given}`,
    });
  }
  const path = cli.path(given);
  const answer = await cli.busy(`Backing up to ${path}`, withRights(client.post<BackupAnswer>("/backup", { path })));
  cli.show(answer, () => doneText(answer));
}

/** A refusal names the right of one call; who asks for that one alone is refused again at the next. */
async function withRights<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const { name, happened } = failureOf(error);
    if (name !== "ACCESS_DENIED" || !happened.includes("lacks the right")) throw error;
    throw fail("ACCESS_DENIED", {
      happened,
      unchanged: "No backup was written.",
      next: `A backup from here needs the rights "read" and "backup": ask for both (clubar user certificate, clubar user local).`,
    });
  }
}

function doneText(answer: BackupAnswer): string {
  const { path, node, tag, files, bytes, notChecked, notes: remarks } = answer;
  return `
Done. The cluster database has been backed up to ${path}. The backup consists of the following files:
    chk????.tmp
    quolog.log
    *.cpt
    *.cpr

Written on node ${node} at tag ${tag}: ${counted(files, "file")}, ${bytesText(bytes)}, read back and verified.
${[...notChecked.map((one) => `NOT CHECKED: ${one}\n`), ...(remarks ?? []).map((one) => `${one}\n`)].join("")}`;
}

async function listSets(cli: Cli, folder: string): Promise<void> {
  const { listBackups } = await import("../../backup/backup.ts");
  const unread: string[] = [];
  const sets = await listBackups(cli.outside(), cli.path(folder), (path) => unread.push(path));
  const now = cli.terminal.now();
  const rows = sets.map((set) => [
    timeAndAge(set.time, now),
    orDash(set.cluster),
    orDash(set.tag),
    bytesText(set.bytes),
    set.complete ? "finished, NOT CHECKED" : "UNFINISHED",
    set.path,
  ]);
  cli.show(sets, () =>
    table(["Time", "Cluster", "Tag", "Size", "State", "Path"], rows, `There is no backup set in ${folder}.`),
  );
  if (unread.length === 0) return;
  for (const path of unread) cli.terminal.err(`NOT LOOKED AT: ${path}: it may not be read.\n`);
  cli.exit = 4;
}
