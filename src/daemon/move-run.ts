/** A move of the quorum, on the node where somebody asked for it and on the others. */
import type { MoveQuorumAsked, MoveQuorumCalls, RestoreOutcome, RestorePlanView } from "../api/node-service.ts";
import { namedVersions } from "../backup/backup.ts";
import { refuseBlocked } from "../base/blocked.ts";
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { newGuid } from "../base/guid.ts";
import { provenNodes } from "../clusapi/vss/proven-nodes.ts";
import { formatTag } from "../quorum/tag.ts";
import { timingOf } from "../membership/timing.ts";
import { keptKeys } from "../quorum/etcd/cluster-keys.ts";
import { settledPlace } from "../quorum/open.ts";
import { moveQuorum } from "../recovery/move/move-quorum.ts";
import { type MovePlan, type MovingNode, planMove } from "../recovery/move/plan-move.ts";
import type { QuorumEnd } from "../recovery/move/quorum-end.ts";
import { highestGeneration } from "../restore/restore.ts";
import { askForClusterKeys } from "./cluster-key-calls.ts";
import { lengthenPermits, shortenPermits, waitForOthers } from "./long-permits.ts";
import { endOpener, moveParts } from "./quorum-ends.ts";
import { newDiskTrouble } from "./new-disk.ts";
import { waitUntilMember } from "./restore-run.ts";
import type { ServiceNode } from "./service-node.ts";

/** How long a node may take to look at the new place, in milliseconds. */
const lookLimit = 10_000;

/** One at a time: the lock of the quorum's place counts for restores, too. */
export class MoveRun implements MoveQuorumCalls {
  readonly #service: ServiceNode;
  #shown: MovePlan | undefined;

  constructor(service: ServiceNode) {
    this.#service = service;
  }

  async plan(asked: MoveQuorumAsked): Promise<RestorePlanView> {
    const plan = await this.#check(asked);
    this.#shown = plan;
    return viewOf(plan);
  }

  async carryOut(asked: MoveQuorumAsked): Promise<RestoreOutcome> {
    const shown = this.#shown;
    const isShown = asked.planId === undefined || shown?.order.departure.plan === asked.planId;
    const plan = await this.#check(asked);
    if (
      !isShown ||
      (shown !== undefined && asked.planId !== undefined && shown.order.departure.to !== plan.order.departure.to)
    ) {
      throw fail("REVISION_MISMATCH", {
        happened: "Another move was planned since this one was shown.",
        unchanged: "Nothing was changed.",
        next: "Look at the plan again.",
      });
    }
    refuseBlocked(plan.blockers);
    return this.#move(plan);
  }

  async #move({ order, permit }: MovePlan): Promise<RestoreOutcome> {
    const service = this.#service;
    const { outside, data, config, openEnds } = service.parts;
    const { identity, plan } = order.departure;
    let lasts = 0;
    const prepare = async (): Promise<void> => {
      if (order.from.kind === "etcd") await this.#gatherKeys();
      const now = outside.clock.boot();
      // The other half is for the nodes to find their way.
      lasts = now + ((await lengthenPermits(service, plan, permit)) - now) / 2;
    };
    const checkTime = (): void => {
      if (outside.clock.boot() >= lasts) throw tooSlow();
    };
    try {
      const end = await moveQuorum({ ...moveParts(outside, data, config, openEnds), checkTime }, order, prepare);
      await waitUntilMember(service, identity.generation);
      const missing = await waitForOthers(service, identity.generation, permit);
      const lines = [end.sentence, `The old place ${order.from.place} is out of force; its content is unchanged.`];
      lines.push(
        ...missing.map((name) => `Node ${name} has not followed yet: it comes back when it sees either place.`),
      );
      return {
        tag: formatTag({ generation: identity.generation, epoch: 0, sequence: 0 }),
        safetyBackup: undefined,
        lines,
      };
    } catch (error) {
      await shortenPermits(service, plan);
      throw error;
    }
  }

  /** What is sealed with a key of another node is opened here. */
  async #gatherKeys(): Promise<void> {
    const { outside, data } = this.#service.parts;
    const kept = keptKeys(outside.files, outside.random, data);
    await kept.merge(await askForClusterKeys(this.#service, await kept.ring()), false);
  }

  async #check({ kind, place: asked, replaces }: MoveQuorumAsked): Promise<MovePlan> {
    const service = this.#service;
    const { outside, quorum, config, openEnds = endOpener } = service.parts;
    const place = await settledPlace(outside, asked, "create");
    const permitIn = (at: string): number => timingOf(at, config.timingFactor).permit;
    const open = openEnds(outside, config);
    const from = open({ kind: quorum.kind, place: quorum.place });
    const to = open({ kind, place });
    const { nodes, trouble } = await this.#nodes(to);
    const tree = service.database.tree();
    const highest = [quorum.kind === "directory" ? quorum.place : "", kind === "directory" ? place : ""];
    return planMove({
      from: { kind: from.kind, place: from.place },
      to: { kind, place },
      present: service.identity(),
      tag: service.database.tag(),
      highestGeneration: Math.max(
        0,
        ...(await Promise.all(highest.filter(Boolean).map((one) => highestGeneration(outside.files, one)))),
      ),
      size: await from.size(),
      room: await to.room().catch(() => undefined),
      versions: namedVersions(tree).length,
      permits: { from: permitIn(quorum.place), to: permitIn(place) },
      obstacle: (await to.obstacle()) ?? trouble,
      nodes,
      ...(replaces === undefined ? {} : { replaces }),
      more: replaces === undefined ? [] : await newDiskTrouble(service, replaces.with),
      id: newGuid(outside.random),
      lineage: newGuid(outside.random),
      now: Math.floor(outside.clock.wall()),
    });
  }

  /** What each node says of the new place; a mark is left there meanwhile. */
  async #nodes(to: QuorumEnd): Promise<{ readonly nodes: readonly MovingNode[]; readonly trouble?: string }> {
    const { outside } = this.#service.parts;
    const mark = newGuid(outside.random);
    try {
      const left = await to.leaveMark(mark);
      try {
        return { nodes: await this.#ask(to, left.at, mark) };
      } finally {
        await left.remove();
      }
    } catch (error) {
      return { nodes: [], trouble: `it can't be written: ${failureOf(error).happened}` };
    }
  }

  #ask(to: QuorumEnd, at: string, mark: string): Promise<MovingNode[]> {
    const { parts, node } = this.#service;
    const { outside, quorum, config } = parts;
    const prove = provenNodes({ outside, place: quorum.place, insist: config.insist, confirmed: [] });
    const nodes = [...this.#service.clusterState().nodes.values()];
    return Promise.all(
      nodes.map(async ({ id, name, endpoint }): Promise<MovingNode> => {
        if (id === node.id) return { name, state: "running", evidence: "it is this one" };
        const known = await prove({ id, name, endpoint });
        if (known.state !== "running") return { name, ...known };
        try {
          await this.#call(endpoint, "check-mark", { kind: to.kind, place: to.place, at, mark }, lookLimit);
          return { name, ...known };
        } catch (error) {
          return { name, ...known, cannotUse: failureOf(error).happened };
        }
      }),
    );
  }

  #call(endpoint: string | undefined, method: string, body: object, limit: number): Promise<unknown> {
    return this.#service.callers.call(endpoint ?? "", method, body, limit);
  }
}

function tooSlow(): Error {
  return fail("TIMEOUT", {
    happened: "The new place took so long to write that permits would have ended before the nodes were there.",
    next: "Try again when the disk, the network or etcd is less busy; or stop the applications first.",
  });
}

function viewOf({ order, lines, blockers, warnings }: MovePlan): RestorePlanView {
  return { id: order.departure.plan, lines, blockers, warnings };
}

/** Another node asks whether this one can use a new place. */
export async function checkMark(service: ServiceNode, body: unknown): Promise<void> {
  const { kind, place, at, mark } = body as Record<"kind" | "place" | "at" | "mark", string>;
  const { outside, config, openEnds = endOpener } = service.parts;
  await openEnds(outside, config)({ kind, place }).checkMark(at, mark);
}
