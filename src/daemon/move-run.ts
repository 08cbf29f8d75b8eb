/** A move of the quorum, on the node where somebody asked for it and on the others. */
import type { MoveQuorumAsked, MoveQuorumCalls, RestoreOutcome, RestorePlanView } from "../api/node-service.ts";
import { namedVersions } from "../backup/backup.ts";
import { refuseBlocked } from "../base/blocked.ts";
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { newGuid } from "../base/guid.ts";
import { askNode } from "../clusapi/ask-node.ts";
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
import { stopHere } from "./leave.ts";
import { endOpener, moveParts, recordedEnd } from "./quorum-ends.ts";
import { newDiskTrouble } from "./new-disk.ts";
import type { ServiceNode } from "./service-node.ts";

/** How long the nodes may take to stop everything in order, and one to look at the new place, in milliseconds. */
const limits = { aside: 60_000, look: 10_000 };

/** A move is guarded by the lock of a folder (docs/safety.md §5.7). */
const betweenEtcds = "the quorum moves from one etcd to another by way of a folder only.";

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

  async #move({ order }: MovePlan): Promise<RestoreOutcome> {
    const service = this.#service;
    const { outside, data, config } = service.parts;
    const over = Promise.withResolvers<void>();
    const stop = async (): Promise<void> => {
      if (order.from.kind === "etcd") await this.#gatherKeys();
      const others = await this.#running();
      await Promise.all(others.map(({ endpoint }) => this.#call(endpoint, "stand-aside", {}, limits.look)));
      await stopHere(service);
      const begun = Promise.withResolvers<void>();
      service
        .betweenLives(`The quorum is being moved to ${order.departure.to}.`, () => {
          begun.resolve();
          return over.promise;
        })
        .catch(begun.reject);
      await begun.promise;
      await this.#waitForAside(others);
    };
    try {
      const end = await moveQuorum(moveParts(outside, data, config), order, stop);
      await service.restart();
      const { identity } = order.departure;
      const lines = [end.sentence, `The old place ${order.from.place} is out of force; its content is unchanged.`];
      return {
        tag: formatTag({ generation: identity.generation, epoch: 0, sequence: 0 }),
        safetyBackup: undefined,
        lines,
      };
    } finally {
      over.resolve();
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
    const { outside, quorum, config } = service.parts;
    const place = await settledPlace(outside, asked, "create");
    const permitIn = (at: string): number => timingOf(at, config.timingFactor).permit;
    const open = endOpener(outside, config);
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
      obstacle: from.kind === "etcd" && to.kind === "etcd" ? betweenEtcds : ((await to.obstacle()) ?? trouble),
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
          await this.#call(endpoint, "check-mark", { kind: to.kind, place: to.place, at, mark }, limits.look);
          return { name, ...known };
        } catch (error) {
          return { name, ...known, cannotUse: failureOf(error).happened };
        }
      }),
    );
  }

  async #running(): Promise<readonly { readonly name: string; readonly endpoint: string | undefined }[]> {
    const { node, parts } = this.#service;
    const others = [...this.#service.clusterState().nodes.values()].filter(({ id }) => id !== node.id);
    const asked = await Promise.all(
      others.map(async (one) => ({ one, state: (await askNode(parts.outside, one.endpoint)).state })),
    );
    return asked.flatMap(({ one, state }) => (state === "running" ? [one] : []));
  }

  /** Nothing of the others runs any more: their hosts have proved it before they stand aside. */
  async #waitForAside(
    others: readonly { readonly name: string; readonly endpoint: string | undefined }[],
  ): Promise<void> {
    const { clock, timers } = this.#service.parts.outside;
    const until = clock.boot() + limits.aside;
    for (const { name, endpoint } of others) {
      while (!(await this.#isAside(endpoint))) {
        if (clock.boot() >= until) {
          throw fail("TIMEOUT", {
            happened: `Node ${name} did not stop what it runs within ${limits.aside / 1000} s.`,
            unchanged: "The quorum was not moved.",
            next: "`clubar status` says what keeps its resources; stop its service or take them offline first.",
          });
        }
        await timers.sleep(this.#service.timing.poll / 4);
      }
    }
  }

  async #isAside(endpoint: string | undefined): Promise<boolean> {
    try {
      const { state } = (await this.#call(endpoint, "status", {}, this.#service.timing.call)) as {
        readonly state: string;
      };
      return state === "restoring";
    } catch {
      return (await askNode(this.#service.parts.outside, endpoint)).state === "stopped";
    }
  }

  #call(endpoint: string | undefined, method: string, body: object, limit: number): Promise<unknown> {
    return this.#service.callers.call(endpoint ?? "", method, body, limit);
  }
}

function viewOf({ order, lines, blockers, warnings }: MovePlan): RestorePlanView {
  return { id: order.departure.plan, lines, blockers, warnings };
}

/** Another node asks whether this one can use a new place. */
export async function checkMark(service: ServiceNode, body: unknown): Promise<void> {
  const { kind, place, at, mark } = body as Record<"kind" | "place" | "at" | "mark", string>;
  const { outside, config } = service.parts;
  await endOpener(outside, config)({ kind, place }).checkMark(at, mark);
}

/**
 * Another node moves the quorum: everything here ends in order, and nothing lives until that is over. INVALID_STATE when nobody moves it.
 */
export async function standAside(service: ServiceNode): Promise<void> {
  const { config, outside, log } = service.parts;
  const end = endOpener(outside, config)(recordedEnd(config));
  if (!(await isLocked(end))) {
    throw fail("INVALID_STATE", {
      happened: `Nobody moves the quorum ${end.place}.`,
      unchanged: "This node goes on.",
    });
  }
  const aside = async (): Promise<void> => {
    await stopHere(service);
    await service.betweenLives("The quorum is being moved.", () => waitForMove(service, end));
  };
  void aside().catch((error: unknown) => log.warn("could not stand aside", { error }));
}

/** The next life finds out by itself where the quorum is. */
async function waitForMove(service: ServiceNode, end: QuorumEnd): Promise<void> {
  const { timers } = service.parts.outside;
  while (!service.isStopping() && (await isLocked(end))) await timers.sleep(service.timing.poll / 4);
}

async function isLocked(end: QuorumEnd): Promise<boolean> {
  try {
    await (await end.lock("existing")).release();
    return false;
  } catch (error) {
    return failureOf(error).name === "BUSY";
  }
}
