import * as z from "zod";
import { evictNode, pauseNode, resumeNode, setNodeProperties } from "../../database/commands/node.ts";
import { findNode } from "../../database/commands/find.ts";
import { fail } from "../../base/errors.ts";
import { nodeState } from "../../database/schema.ts";
import { groupsOf } from "../../database/cluster-sums.ts";
import { type ClusterState, type NodeState, readState } from "../../database/state.ts";
import { propertyInputs } from "../property-inputs.ts";
import {
  type ApiContext,
  type ApiRoutes,
  type Changed,
  bodyOf,
  change,
  pathPart,
  routes,
  stateOf,
  tell,
} from "../request.ts";
import { ownedGroups } from "../status-view.ts";
import { type NodeView, nodeView, type PropertiesView, propertiesView } from "../views.ts";
import { fenceNode, planFence } from "./fencing.ts";
import { trustOf } from "./users.ts";

/** Answered by GET /nodes/NODE. */
export interface NodeDetail extends NodeView {
  readonly properties: PropertiesView;
}

/** Answered by POST /nodes/token; the token is told once and kept nowhere. */
export interface TokenView {
  readonly token: string;
  /** ISO, UTC. */
  readonly expires: string;
}

const pause = z.strictObject({ drain: z.boolean().optional(), target: z.string().optional() });
const resume = z.strictObject({ failback: z.enum(["no", "now", "policy"]).optional() });
const patch = z.strictObject({ properties: propertyInputs });
const confirm = z.strictObject({ name: z.string() });
const token = z.strictObject({ minutes: z.number().min(0.01).max(1440).optional() });
const stop = z.strictObject({ drain: z.boolean().optional() });

/**
 * GET /nodes, /nodes/NODE; PATCH /nodes/NODE {properties}; POST /nodes/NODE/pause {drain?, target?}, /resume {failback?}, /evict,
 * /confirm-down {name} (the name once more), /fence/plan, /fence, /stop {drain?} (true unless said otherwise); POST /nodes/token
 * {minutes?}, with which one machine may join (10 minutes unless said otherwise).
 */
export function nodes(): ApiRoutes {
  return routes()
    .get("/", (context) => {
      const state = stateOf(context);
      return context.json([...state.nodes.values()].map((node) => nodeOf(state, node)));
    })
    .get("/:node", (context) => {
      const state = stateOf(context);
      const node = findNode(state, pathPart(context, "node"));
      return context.json({
        ...nodeOf(state, node),
        properties: propertiesView(state, node.path, "node"),
      } satisfies NodeDetail);
    })
    .patch("/:node", async (context) => {
      const { properties } = await bodyOf(context, patch);
      return change(context, (tree) => setNodeProperties(tree, { node: pathPart(context, "node"), properties }));
    })
    .post("/token", async (context) => {
      const { minutes = 10 } = await bodyOf(context, token);
      const given = await trustOf(context).token(minutes * 60_000);
      const expires = new Date(given.expires).toISOString();
      return context.json({ token: given.token, expires } satisfies TokenView, 201);
    })
    .post("/:node/pause", async (context) => {
      const request = await bodyOf(context, pause);
      return change(context, (tree) => pauseNode(tree, { node: pathPart(context, "node"), ...request }));
    })
    .post("/:node/resume", async (context) => {
      const request = await bodyOf(context, resume);
      return change(context, (tree) => resumeNode(tree, { node: pathPart(context, "node"), ...request }));
    })
    .post("/:node/evict", evict)
    .post("/:node/confirm-down", async (context) => {
      const { name } = await bodyOf(context, confirm);
      const node = findNode(stateOf(context), pathPart(context, "node"));
      const tag = await context.var.service.confirmDown(node.id, name);
      return context.json({ tag: tell(context, tag), done: `Node ${node.name} is confirmed to be down.` });
    })
    .post("/:node/fence/plan", planFence)
    .post("/:node/fence", fenceNode)
    .post("/:node/stop", stopNode);
}

function nodeOf(state: ClusterState, node: NodeState): NodeView {
  return nodeView(node, ownedGroups(groupsOf(state), node.id));
}

/** Why membership counts a node as down says whether it is certain that nothing runs there. */
async function evict(context: ApiContext): Promise<Response> {
  const { service } = context.var;
  let done = "";
  const tag = await service.change((tree) => {
    const { id, state, downBecause } = findNode(readState(tree), pathPart(context, "node"));
    const built = evictNode(tree, { node: id, stopped: state === nodeState.down && downBecause !== undefined });
    done = built.because;
    return built;
  });
  const isRotated = (await service.isKeyRotated?.().catch(() => false)) ?? true;
  const late = " A new cluster key is not agreed on yet: until then key containers are sealed with one that it knows.";
  return context.json({ tag: tell(context, tag), done: isRotated ? done : `${done}${late}` } satisfies Changed);
}

async function stopNode(context: ApiContext): Promise<Response> {
  const { drain = true } = await bodyOf(context, stop);
  const { service } = context.var;
  const wanted = pathPart(context, "node");
  const isSelf = wanted === service.node.id || wanted.toLowerCase() === service.node.name.toLowerCase();
  const node = isSelf ? service.node : findNode(stateOf(context), wanted);
  if (node.id === service.node.id) await service.stop(drain);
  else if (service.stopNode !== undefined) await service.stopNode(node.id, drain);
  else {
    throw fail("CLUSTER_INVALID_REQUEST", {
      happened: `This service can't stop node ${node.name}.`,
      unchanged: "Nothing was stopped.",
      next: `Run \`clubar node stop ${node.name}\` on that node.`,
    });
  }
  return context.json({ done: `Node ${node.name} stops.` });
}
