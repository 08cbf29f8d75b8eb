/** A restore on the node where somebody asked for it: plan, tell the others to stop, then between two lives the plan itself. */
import type { RestoreOutcome, RestorePlanView, RestoreRequest } from "../api/node-service.ts";
import { outcomeView, planView } from "../api/plan-view.ts";
import { refuseBlocked } from "../base/blocked.ts";
import { fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";
import { planAgain } from "../clusapi/ask-again.ts";
import { askNode } from "../clusapi/ask-node.ts";
import { resolveDrive } from "../clusapi/drives.ts";
import { readNodeRecord, writeNodeRecord } from "../clusapi/node-record.ts";
import { timingOf } from "../membership/timing.ts";
import { openQuorum } from "../quorum/open.ts";
import {
  checkRestore,
  type ExecuteParts,
  executeRestore,
  nodesOfPlan,
  type RestorePlan,
  type RestoreResult,
  resumeRestore,
} from "../restore/restore.ts";
import { CallerPool } from "./caller-pool.ts";
import type { ServiceNode } from "./service-node.ts";
import { stopOthers } from "./stop-others.ts";

/** One restore at a time. */
export class RestoreRun {
  readonly #service: ServiceNode;
  #running = false;
  #shown: RestorePlan | undefined;

  constructor(service: ServiceNode) {
    this.#service = service;
  }

  /** What would happen; the plan is kept, so that agreeing to it later can be checked against what is there then. */
  async plan(request: RestoreRequest): Promise<RestorePlanView> {
    this.#shown = await this.#check(request);
    return planView(this.#shown);
  }

  /** BUSY, REVISION_MISMATCH when what was agreed to is no longer what would happen, the first blocker, or what a step ran into. */
  async carryOut(request: RestoreRequest): Promise<RestoreOutcome> {
    if (this.#running) {
      throw fail("BUSY", {
        happened: "A restore is running on this node.",
        unchanged: "No second one was begun.",
        next: "Wait for it to end.",
      });
    }
    this.#running = true;
    try {
      const shown = this.#shown?.id === request.planId ? this.#shown : undefined;
      const plan = await this.#check(request, shown);
      if (request.planId !== undefined) this.#checkAgreed(request.planId, plan);
      refuseBlocked(plan.blockers);
      return await this.#execute(plan);
    } finally {
      this.#running = false;
    }
  }

  async #execute(plan: RestorePlan): Promise<RestoreOutcome> {
    const service = this.#service;
    // At once and side by side, so that no node takes over what another one just gave up.
    const stopped = this.#stopOthers(plan.stopNodes);
    const result = await service.betweenLives(`A restore from ${plan.set.path} runs.`, () =>
      executeRestore(restoreParts(service, stopped), plan),
    );
    const { quorum, config } = service.parts;
    if (plan.place !== quorum.place || plan.identity.instance !== config.instance) await service.restart();
    else await waitUntilMember(service, plan.identity.generation);
    return outcomeView(result);
  }

  async #check(request: RestoreRequest, agreed?: RestorePlan): Promise<RestorePlan> {
    const { outside, data, config, quorum } = this.#service.parts;
    const place = request.drive === undefined ? quorum.place : await resolveDrive(outside.files, data, request.drive);
    return checkRestore(
      {
        outside,
        data,
        place,
        ...(place === quorum.place ? {} : { formerPlace: quorum.place }),
        self: { id: config.node, name: config.name },
        ownInstance: config.instance,
        insist: config.insist,
        askNode: ({ endpoint }) => askNode(outside, endpoint),
      },
      {
        path: request.path,
        force: request.force,
        ...(request.drive === undefined ? {} : { drive: request.drive }),
        ...(request.adopt === true ? { adoptIdentity: true } : {}),
        ...(request.hold === undefined ? {} : { hold: request.hold }),
      },
      agreed,
    );
  }

  #checkAgreed(planId: string, plan: RestorePlan): void {
    const shown = this.#shown;
    const same =
      shown?.id === planId &&
      shown.set.digest === plan.set.digest &&
      shown.present?.contentDigest === plan.present?.contentDigest;
    if (same) return;
    throw fail("REVISION_MISMATCH", {
      happened:
        "What the plan would do has changed since it was shown: the set or the cluster's configuration is another one now.",
      unchanged: "Nothing was changed.",
      next: "Look at the plan again.",
    });
  }

  #stopOthers(nodes: readonly string[]): Promise<readonly string[]> {
    const { callers, parts, timing } = this.#service;
    const known = this.#service.clusterState().nodes;
    return stopOthers(
      {
        outside: parts.outside,
        log: parts.log,
        timing,
        openQuorum: () => Promise.resolve(parts.quorum),
        call: (endpoint, method, limit) => callers.call(endpoint, method, {}, limit),
      },
      nodes.map((id) => ({ id, name: known.get(id)?.name ?? id, endpoint: known.get(id)?.endpoint })),
    );
  }
}

/** What a plan is carried out through; `stopped` says what became of the other nodes. */
export function restoreParts(service: ServiceNode, stopped: Promise<readonly string[]>): ExecuteParts {
  const { outside, data, config } = service.parts;
  return {
    outside,
    data,
    node: config.name,
    insist: config.insist,
    stopNodes: () => stopped,
    rememberPlace: async (quorum, { name: cluster, instance }) => {
      const record = await readNodeRecord(outside.files, data);
      if (record !== undefined) await writeNodeRecord(outside.files, data, { ...record, quorum, cluster, instance });
    },
  };
}

/** TIMEOUT when this node neither leads nor follows under that generation soon: another one may be faster. */
export async function waitUntilMember(service: ServiceNode, generation: number): Promise<void> {
  const { database, parts, timing } = service;
  const { clock, timers } = parts.outside;
  const until = clock.boot() + timing.call * 30;
  while (clock.boot() < until) {
    const isMember = service.life()?.membership.isMember() === true;
    if (isMember && database.tag().generation >= generation) return;
    await timers.sleep(timing.poll / 4);
  }
  throw fail("TIMEOUT", {
    happened: "The new generation is in force, but this node is no member of the cluster formed from it yet.",
    unchanged: "Nothing is lost.",
    next: "See `clubar status`; the node goes on trying.",
  });
}

/**
 * Finishes what was interrupted before anything of the node is opened: only then does the quorum hold its cluster, perhaps elsewhere. The
 * other nodes are asked again; with force those that were to stop are told again.
 */
export async function finishRestore(
  outside: Outside,
  data: string,
): Promise<Pick<RestoreResult, "outcome" | "sentence"> | undefined> {
  const record = await readNodeRecord(outside.files, data);
  if (record === undefined) return undefined;
  const callers = new CallerPool(outside, () => record.instance);
  const { node: self, insist } = record;
  try {
    const result = await resumeRestore({
      outside,
      data,
      node: record.name,
      insist,
      stopNodes: async (plan) =>
        stopOthers(
          {
            outside,
            timing: timingOf(record.quorum, record.timingFactor),
            openQuorum: () => openQuorum(outside, plan.formerPlace ?? plan.place, { insist }),
            call: (endpoint, method, limit) => callers.call(endpoint, method, {}, limit),
          },
          (await nodesOfPlan(outside, plan, { self, insist })).filter(({ id }) => plan.stopNodes.includes(id)),
        ),
      askNodes: (plan) => planAgain({ outside, record, confirmed: [] }, plan),
      rememberPlace: (quorum, { name: cluster, instance }) =>
        writeNodeRecord(outside.files, data, { ...record, quorum, cluster, instance }),
    });
    return result === undefined ? undefined : { outcome: result.outcome, sentence: result.sentence };
  } finally {
    callers.close();
  }
}
