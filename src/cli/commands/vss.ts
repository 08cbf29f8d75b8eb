import type { Define } from "../verbs.ts";
import { notes, verb } from "../verbs.ts";

interface BackupOptions {
  readonly node?: string;
}

/** What `clubar vss restore` was told. */
export interface RestoreOptions {
  readonly authoritative?: boolean;
  readonly plan?: boolean;
  readonly quorum?: string;
  readonly confirmDown?: readonly string[];
  readonly later?: boolean;
  readonly hold?: boolean;
}

/** `clubar vss …`, in the spirit of vssadmin and diskshadow. */
export const defineVss: Define = (noun, cli) => {
  const list = noun.command("list").description("List writers, providers or shadow copies; needs no service");
  list.exitOverride().helpCommand(false);
  const lists = [
    ["writers", "Writers, their state and their last failure"],
    ["providers", "What can make shadow copies here"],
    ["shadows", "Shadow copies that are there"],
  ] as const;
  for (const [what, summary] of lists)
    verb(list, what, summary).action(async () => (await import("./vss-list.ts")).listVss(cli, what));
  const remove = noun.command("delete").description("Delete shadow copies; needs no service");
  remove.exitOverride().helpCommand(false);
  verb(remove, "shadows [id]", "Delete one shadow copy or set, or all with --all")
    .option("--all", "every shadow copy of this node")
    .action(async (id: string | undefined, options: { readonly all?: boolean }) =>
      (await import("./vss-list.ts")).deleteShadows(cli, id, options.all === true),
    );
  const backup = verb(
    noun,
    "backup <path>",
    "Back up a node's ClusDb, registry and keys, and its cluster with all checkpoints",
  );
  backup
    .option("--node <name>", "another node of the cluster; this one unless given")
    .action(async (path: string, options: BackupOptions) =>
      (await import("./vss-backup.ts")).backupVss(cli, path, options.node),
    );
  notes(backup, "A node whose service does not run is backed up as a stand-alone server: without the cluster's part.");
  const restore = verb(
    noun,
    "restore <path>",
    "Restore this node from a VSS set; with --authoritative the whole cluster",
  );
  restore
    .option("--authoritative", "roll the cluster back in time, too; the service must be stopped on all other nodes")
    .option("--plan", "only show what would happen")
    .option("--quorum <folder>", "the quorum folder, when it is another one than in the set")
    .option("--confirm-down <name...>", "nodes that are certainly off, when nobody can tell")
    .option("--hold", "with --authoritative: leave every group offline until `clubar group release`")
    .option("--no-hold", "with --authoritative: bring groups online even when their last known settings are newer")
    .option("--later", "leave the files staged until the service next starts")
    .action(async (path: string, options: RestoreOptions) =>
      (await import("./vss-restore.ts")).restoreVss(cli, path, options),
    );
  notes(
    restore,
    `The plan is shown first and you are asked (y/n). The files are laid beside the live ones; they go into place when the node's service
starts, which this command causes: it stops the service in order and starts it. Without a service they go into place at once.`,
  );
  verb(noun, "staged", "Show the restore of this node that waits for a start; needs no service")
    .option("--discard", "give it up")
    .action(async (options: { readonly discard?: boolean }) =>
      (await import("./vss-restore.ts")).staged(cli, options.discard === true),
    );
};
