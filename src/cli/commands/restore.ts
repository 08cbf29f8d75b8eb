import type { RestoreOutcome, RestoreRequest } from "../../api/node-service.ts";
import { type Failure, fail } from "../../base/errors.ts";
import { isDrive } from "../../clusapi/drives.ts";
import { settledPlace } from "../../quorum/open.ts";
import type { Cli } from "../cli.ts";
import { usage } from "../exit.ts";
import { type Define, finish, notes } from "../verbs.ts";
import { followPlan, outcomeText, planOnline, type Prepared } from "./plan.ts";

interface Options {
  readonly plan?: boolean;
  readonly adoptIdentity?: boolean;
  readonly hold?: boolean;
  readonly node?: string;
  readonly quorum?: string;
}

/** `clubar r[estore] PATH [no]force [DRIVE]`. */
export const defineRestore: Define = (noun, cli) => {
  finish(noun)
    .option("--plan", "only show what would happen")
    .option("--adopt, --adopt-identity", "take over the identity of another cluster's set")
    .option("--hold", "leave every group offline until `clubar group release`")
    .option("--no-hold", "bring groups online even when their last known settings are newer than the set's")
    .option("--node <name>", "for a data folder that holds no node: which node of the set it becomes")
    .option("--quorum <place>", "with --node: the quorum folder, or etcd:https://a:2379,b:2379,…")
    .action((path: string, word: string | undefined, drive: string | undefined, options: Options) =>
      restore(cli, requestOf(cli, path, word, drive, options), options),
    );
  notes(
    noun,
    `The existing cluster database is replaced by the backup. The plan is shown first and you are asked (y/n).
  noforce  refuses while other nodes run or could run, and when the quorum device has another layout
  force    stops the other nodes that can be reached, and accepts the device
  drive    a letter and a colon, when the quorum was replaced since the backup; \`clubar drive\` says what it means

With the service running it is done through it; without, by this command. "restore" may be cut: clubar r /backups/today noforce`,
  );
};

function requestOf(
  cli: Cli,
  path: string,
  word: string | undefined,
  drive: string | undefined,
  options: Options,
): RestoreRequest {
  const lower = word?.toLowerCase();
  if (lower === undefined && options.plan !== true)
    throw usage("Say force or noforce after the path.", "Write: clubar restore PATH noforce");
  if (lower !== undefined && lower !== "force" && lower !== "noforce") {
    throw usage(`"${word}" stands where force or noforce is expected.`, "Write: clubar restore PATH noforce");
  }
  if (drive !== undefined && !isDrive(drive)) throw usage(`"${drive}" is no drive: a letter and a colon, as k:`);
  if ((options.node === undefined) !== (options.quorum === undefined)) throw usage("--node and --quorum go together.");
  return {
    path: cli.path(path),
    force: lower === "force",
    ...(drive === undefined ? {} : { drive: drive.toLowerCase() }),
    ...(options.adoptIdentity === true ? { adopt: true } : {}),
    ...(options.hold === undefined ? {} : { hold: options.hold }),
  };
}

async function restore(cli: Cli, request: RestoreRequest, options: Options): Promise<void> {
  const preparing = prepare(cli, request, options);
  await followPlan(cli, await cli.busy("Reading the backup and asking the nodes", preparing), options.plan === true, {
    warning: `The existing cluster database will be replaced by the backup stored in ${request.path}.`,
    busy: "Restoring",
    explain: withOptions,
    success: (outcome, online) => successText(cli, outcome, online),
  });
}

async function prepare(cli: Cli, request: RestoreRequest, options: Options): Promise<Prepared> {
  const client = cli.client();
  const view = await planOnline(client, "/restore/plan", request, withOptions);
  if (view !== undefined) {
    return {
      view,
      online: true,
      carryOut: () => client.post<RestoreOutcome>("/restore", { ...request, planId: view.id }),
    };
  }
  const { planOffline } = await import("../../clusapi/offline-restore.ts");
  const { node, quorum } = options;
  const outside = cli.outside();
  const become =
    node === undefined || quorum === undefined
      ? {}
      : { become: { node, quorum: await settledPlace(outside, cli.quorumPlace(quorum), "restore") } };
  const plan = await planOffline({ outside, data: cli.settings.data, ...become }, request);
  return { view: plan.view, online: false, carryOut: () => plan.carryOut() };
}

const optionTexts: Partial<Record<Failure["name"], string>> = {
  CLUSTER_NODE_UP: `Options:
(1) Manually shut down the Cluster service on all the other nodes (clubar node stop NAME), or, when a machine is certainly off,
    say so: clubar node confirm-down NAME.
(2) Run the program again using the FORCE command-line argument.
    The restore routine will attempt to shut down the Cluster service on all other nodes.`,
  QUORUM_DISK_NOT_FOUND: `Options:
(1) Manually reconfigure the quorum disk to match the layout described in the backup.
(2) Run the program again using the FORCE command-line argument. The restore routine will attempt to reconfigure the quorum to match
    the one described in the backup.`,
};

/** The sample's options for the two errors that people can decide about. */
function withOptions(failure: Failure): Failure {
  const options = optionTexts[failure.name];
  if (options === undefined || failure.next.startsWith("Options")) return failure;
  const { happened, unchanged, next } = failure;
  return fail(failure.name, { happened, unchanged, next: next === "" ? options : `${options}\n${next}` });
}

function successText(cli: Cli, outcome: RestoreOutcome, online: boolean): string {
  return `
SUCCESS

The restore routine succeeded. Start the Cluster service on the other cluster nodes to complete the restore operation. As nodes join the
cluster, they will update their cluster databases to match the restored configuration.

${outcomeText(cli, outcome, online)}`;
}
