/** A forced quorum on the node where somebody asked for it: plan, then between two lives the plan itself. */
import type { ForceQuorumAsked, ForceQuorumCalls, RestoreOutcome, RestorePlanView } from "../api/node-service.ts";
import { outcomeView, planView } from "../api/plan-view.ts";
import { refuseBlocked } from "../base/blocked.ts";
import { fail } from "../base/errors.ts";
import { askLife } from "../clusapi/ask-life.ts";
import { readNodeRecord, writeNodeRecord } from "../clusapi/node-record.ts";
import { tellNodes } from "../clusapi/tell-quorum.ts";
import { examineQuorum } from "../recovery/doctor-quorum.ts";
import { checkForceQuorum } from "../recovery/force-quorum.ts";
import { executeRestore, type RestorePlan } from "../restore/restore.ts";
import { restoreParts, waitUntilMember } from "./restore-run.ts";
import type { ServiceNode } from "./service-node.ts";

/** One at a time: the lock of a restore counts for it, too. */
export class ForceQuorumRun implements ForceQuorumCalls {
  readonly #service: ServiceNode;
  #shown: RestorePlan | undefined;

  constructor(service: ServiceNode) {
    this.#service = service;
  }

  async plan(asked: ForceQuorumAsked): Promise<RestorePlanView> {
    this.#shown = await this.#check(asked);
    return planView(this.#shown);
  }

  async carryOut(asked: ForceQuorumAsked): Promise<RestoreOutcome> {
    const service = this.#service;
    const shown = this.#shown;
    const plan = await this.#check(asked, shown?.id === asked.planId ? shown : undefined);
    if (asked.planId !== undefined && (shown?.id !== asked.planId || shown.set.digest !== plan.set.digest)) {
      throw fail("REVISION_MISMATCH", {
        happened: "What would be put in force has changed since the plan was shown.",
        unchanged: "Nothing was changed.",
        next: "Look at the plan again.",
      });
    }
    refuseBlocked(plan.blockers);
    const result = await service.betweenLives(`The quorum is formed anew from ${plan.set.path}.`, () =>
      executeRestore(restoreParts(service, Promise.resolve([])), plan),
    );
    if (plan.place === service.parts.quorum.place) await waitUntilMember(service, plan.identity.generation);
    else {
      const told = await tellNodes(service.parts.outside, plan.place, service.node.id);
      await service.restart();
      return outcomeView({ ...result, notes: [...result.notes, ...told] });
    }
    return outcomeView(result);
  }

  #check({ quorum, from, force, hold }: ForceQuorumAsked, agreed?: RestorePlan): Promise<RestorePlan> {
    const { outside, data, config, quorum: used } = this.#service.parts;
    return checkForceQuorum(
      {
        outside,
        data,
        self: { id: config.node, name: config.name },
        instance: config.instance,
        recorded: used.place,
        place: quorum ?? used.place,
        insist: config.insist,
        askLife: ({ endpoint }) => askLife(outside, endpoint, config.instance),
      },
      { force, hold, ...(from === undefined ? {} : { from }) },
      agreed,
    );
  }
}

/**
 * Another node says that the cluster lives in another folder now: this one looks, and begins anew with it. INVALID_STATE while it lives
 * under a quorum or when the folder does not hold this cluster in order.
 */
export async function followQuorum(service: ServiceNode, place: string): Promise<void> {
  const { outside, data, config } = service.parts;
  const { instance, insist } = config;
  const { state } = service.status();
  const { condition, sentence } = await examineQuorum(outside, place, { instance, insist });
  if (state === "leader" || state === "member" || condition !== "in order") {
    throw fail("INVALID_STATE", {
      happened: condition === "in order" ? `Node ${service.node.name} is ${state} under its own quorum.` : sentence,
      unchanged: "It goes on with the quorum that it has.",
    });
  }
  const record = await readNodeRecord(outside.files, data);
  if (record !== undefined) await writeNodeRecord(outside.files, data, { ...record, quorum: place });
  await service.restart();
}
