/** `clubar cluster force-quorum` and `clubar service --reset-quorum-log`. */
import type { ForceQuorumAsked, RestoreOutcome } from "../../api/node-service.ts";
import { fail } from "../../base/errors.ts";
import { isEtcdPlace } from "../../quorum/etcd/place.ts";
import type { Cli } from "../cli.ts";
import { type Define, notes, verb } from "../verbs.ts";
import { followPlan, outcomeText, planOnline, type PlanWords, type Prepared } from "./plan.ts";

interface Options {
  readonly quorum?: string;
  readonly from?: string;
  readonly force?: boolean;
  readonly hold?: boolean;
  readonly plan?: boolean;
}

/** Declares the verbs of `clubar cluster` about a quorum that is lost. */
export const defineForceQuorum: Define = (noun, cli) => {
  const force = verb(
    noun,
    "force-quorum",
    "Form an empty, torn or lost quorum anew from the newest copy of the database",
  )
    .option("--plan", "only show what would happen")
    .option("--quorum <folder>", "another quorum folder from now on, empty or not yet there")
    .option("--from <name>", "take the copy of this node, or this generation, instead of the newest one")
    .option("--force", "although nodes are unknown, a newer copy is given up, or the folder was retired")
    .option("--hold", "leave every group offline until `clubar group release`")
    .action((options: Options) => forceQuorum(cli, askedOf(cli, options), options.plan === true));
  notes(
    force,
    `It is refused while any node lives under a quorum. The cluster goes on under a new generation; what was changed after the copy is lost.
A resource whose checkpoint files are lost comes online only where it ran last: clubar recover checkpoints --all re-creates them.`,
  );
  verb(
    noun,
    "use-quorum <place>",
    "This node's cluster lives in another quorum now, a folder or etcd:…; its service must not run",
  ).action(async (place: string) => {
    const { useQuorum } = await import("../../clusapi/offline-force-quorum.ts");
    const done = await useQuorum({ outside: cli.outside(), data: cli.settings.data, quorum: cli.quorumPlace(place) });
    cli.done({ done });
  });
};

function askedOf(cli: Cli, { quorum, from, force, hold }: Options): ForceQuorumAsked {
  return {
    force: force === true,
    hold: hold === true,
    ...(quorum === undefined ? {} : { quorum: folderOf(cli, quorum) }),
    ...(from === undefined ? {} : { from }),
  };
}

function folderOf(cli: Cli, given: string): string {
  if (!isEtcdPlace(given)) return cli.path(given);
  throw fail("INVALID_PARAMETER", {
    happened: "A quorum that was lost is formed anew in a folder, or where it was, but in no other etcd.",
    unchanged: "Nothing was changed.",
    next: "Form it in a folder, then move it: clubar cluster set-quorum etcd:…; or restore a set: clubar restore SET force --quorum etcd:…",
  });
}

function wordsOf(cli: Cli): PlanWords {
  return {
    warning: "The cluster goes on from this copy of its database. Updates that only the lost quorum had are gone.",
    busy: "Forming the quorum anew",
    explain: (failure) => failure,
    success: (outcome, online) => `The quorum is formed anew.\n${outcomeText(cli, outcome, online)}`,
  };
}

async function forceQuorum(cli: Cli, asked: ForceQuorumAsked, isOnlyPlan: boolean): Promise<void> {
  const prepared = await cli.busy("Looking for copies of the database", prepare(cli, asked));
  await followPlan(cli, prepared, isOnlyPlan, wordsOf(cli));
}

async function prepare(cli: Cli, asked: ForceQuorumAsked): Promise<Prepared> {
  const client = cli.client();
  const view = await planOnline(client, "/cluster/force-quorum/plan", asked, (failure) => failure);
  if (view === undefined) return prepareOffline(cli, asked);
  const carryOut = (): Promise<RestoreOutcome> =>
    client.post<RestoreOutcome>("/cluster/force-quorum", { ...asked, planId: view.id });
  return { view, online: true, carryOut };
}

async function prepareOffline(cli: Cli, { quorum, ...request }: ForceQuorumAsked): Promise<Prepared> {
  const { planForceOffline } = await import("../../clusapi/offline-force-quorum.ts");
  const node = { outside: cli.outside(), data: cli.settings.data, ...(quorum === undefined ? {} : { quorum }) };
  const { view, carryOut } = await planForceOffline(node, request);
  return { view, online: false, carryOut };
}

/** Before the service starts: nothing when the quorum is in order, otherwise as `cluster force-quorum`. */
export async function resetQuorumLog(cli: Cli): Promise<void> {
  const prepared = await prepareOffline(cli, { force: false, hold: false });
  const { blockers } = prepared.view;
  // "No effect when both are good" (facts §1.6).
  if (blockers.some(({ name }) => name === "INVALID_STATE")) {
    cli.terminal.err("The quorum is in order; --reset-quorum-log has no effect.\n");
    return;
  }
  await followPlan(cli, prepared, false, wordsOf(cli));
}
