import * as z from "zod";
import { fail } from "../../base/errors.ts";
import { removeFence, titleOfDevice, whyNotFenced } from "../../database/commands/fencing.ts";
import { findNode } from "../../database/commands/find.ts";
import type { FenceConfig } from "../../database/fencing.ts";
import type { ClusterState, NodeState } from "../../database/state.ts";
import { notCheckedHere } from "../../fencing/fencing.ts";
import type { FenceAsked, FenceCalls, FenceLook } from "../fence-calls.ts";
import type { RestorePlanView } from "../node-service.ts";
import {
  type ApiContext,
  type ApiRoutes,
  bodyOf,
  change,
  type Defined,
  pathPart,
  queryOf,
  routes,
  stateOf,
  tell,
  wrongRequest,
} from "../request.ts";

/** One device of a node. */
export interface FenceDeviceView {
  readonly kind: "agent" | "watchdog";
  /** "fence_ipmilan", "the watchdog /dev/watchdog0". */
  readonly title: string;
  /** Without the secret ones. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Names. */
  readonly secrets: readonly string[];
  /** null for a watchdog. */
  readonly method: "off" | "reboot" | null;
  /** Milliseconds; 0: as the kernel says. */
  readonly timeout: number;
}

/** How a node is fenced, and what was decided about its last life. */
export interface FencingView {
  readonly node: string;
  readonly devices: readonly FenceDeviceView[];
  /** Milliseconds with which the node's present life armed its watchdog. */
  readonly watchdogArmed: number | null;
  readonly decision: {
    readonly state: "wanted" | "asked" | "off" | "failed";
    readonly device: string;
    readonly because: string;
    readonly who: string;
    /** ISO, UTC. */
    readonly time: string;
    /** Something is still to come of it. */
    readonly isUnderWay: boolean;
  } | null;
}

/** Answered by POST /fencing/NODE/test. */
export interface FenceTestView {
  readonly node: string;
  readonly looks: readonly FenceLook[];
  /** What a test can't show. */
  readonly notChecked: string;
}

const seconds = z.number().min(1).max(3600).optional();
const texts = z.record(z.string().min(1).max(255), z.string().max(4096));
const addition = z.strictObject({
  kind: z.enum(["agent", "watchdog"]),
  agent: z.string().min(1).optional(),
  device: z.string().min(1).optional(),
  parameters: texts.optional(),
  secrets: texts.optional(),
  method: z.enum(["off", "reboot"]).optional(),
  seconds,
});
const removal = z.strictObject({ kind: z.enum(["agent", "watchdog"]).optional() });

/**
 * GET /fencing, /fencing/NODE; POST /fencing/NODE {kind: "agent", agent, parameters?, secrets?, method?, seconds?} or {kind: "watchdog",
 * device, seconds?}; DELETE /fencing/NODE?kind=; POST /fencing/NODE/test.
 */
export function fencing(): ApiRoutes {
  return routes()
    .get("/", (context) => context.json([...stateOf(context).nodes.values()].map(fencingView)))
    .get("/:node", (context) => context.json(fencingView(findNode(stateOf(context), pathPart(context, "node")))))
    .post("/:node", async (context) => {
      const asked = await bodyOf(context, addition);
      const { tag, done } = await callsOf(context).add(deviceAsked(pathPart(context, "node"), asked));
      return context.json({ tag: tell(context, tag), done });
    })
    .delete("/:node", (context) => {
      const { kind } = queryOf(context, removal);
      return change(context, (tree) => removeFence(tree, { node: pathPart(context, "node"), kind }));
    })
    .post("/:node/test", async (context) => {
      const { name } = findNode(stateOf(context), pathPart(context, "node"));
      const looks = await callsOf(context).test(name);
      return context.json({ node: name, looks, notChecked: notCheckedHere } satisfies FenceTestView);
    });
}

function deviceAsked(node: string, asked: Defined<z.output<typeof addition>>): FenceAsked {
  const { kind, agent, device, parameters = {}, secrets = {}, method, seconds: given } = asked;
  const time = given === undefined ? {} : { timeout: given * 1000 };
  if (kind === "watchdog") {
    if (device === undefined) throw wrongRequest("A watchdog needs its device.");
    return { kind, device, node, ...time };
  }
  if (agent === undefined) throw wrongRequest("An agent needs its name.");
  return { kind, agent, parameters, secrets, node, ...time, ...(method === undefined ? {} : { method }) };
}

/** POST /nodes/NODE/fence: what `clubar node fence` asks for; GET /fencing/NODE shows what comes of it. */
export async function fenceNode(context: ApiContext): Promise<Response> {
  const who = context.env.caller?.who ?? "nobody";
  const { tag, done } = await callsOf(context).want(pathPart(context, "node"), who);
  return context.json({ tag: tell(context, tag), done });
}

/** POST /nodes/NODE/fence/plan: what would happen; nothing is changed. */
export function planFence(context: ApiContext): Response {
  const state = stateOf(context);
  const node = findNode(state, pathPart(context, "node"));
  return context.json(fencePlan(state, node));
}

function fencePlan(state: ClusterState, node: NodeState): RestorePlanView {
  const { devices, watchdog } = node.fencing;
  const obstacle = whyNotFenced(node);
  const usable = devices.filter(({ kind }) => kind === "agent" || watchdog !== undefined);
  const groups = [...state.groups.values()].filter(({ owner, released }) => owner === node.id && !released);
  const groupLines = groups.map(({ name }) => `Group "${name}" is free to start on another node then.`);
  const ways = usable.map((one) => sentenceOf(node, one));
  const lines = [...ways, `Node ${node.name} counts as confirmed down when a device confirms it.`, ...groupLines];
  const blockers = [
    ...(obstacle === undefined ? [] : [{ name: obstacle.name, sentence: `${obstacle.because}.`, next: "" }]),
    ...(usable.length > 0 ? [] : [noDevice(node)]),
  ];
  return { id: `${node.id} ${node.incarnation ?? ""}`, lines, blockers, warnings: [] };
}

function noDevice({ name }: NodeState): RestorePlanView["blockers"][number] {
  return {
    name: "FILE_NOT_FOUND",
    sentence: `Node ${name} has no fence device that could be used now.`,
    next: `Give it one: clubar fence add ${name} …; or, when it is certainly off: clubar node confirm-down ${name}.`,
  };
}

function sentenceOf(node: NodeState, config: FenceConfig): string {
  if (config.kind === "watchdog")
    return `The leader waits until ${titleOfDevice(config)} has certainly reset the machine.`;
  return `${config.agent} is asked to ${config.method === "off" ? "switch off" : "restart"} the machine of node ${node.name}.`;
}

function fencingView(node: NodeState): FencingView {
  const { devices, record, watchdog } = node.fencing;
  const hasWatchdog = watchdog !== undefined && devices.some(({ kind }) => kind === "watchdog");
  const isFirst = record?.state === "failed" && record.kind === "agent" && hasWatchdog;
  return {
    node: node.name,
    devices: devices.map(deviceView),
    watchdogArmed: watchdog ?? null,
    decision:
      record === undefined
        ? null
        : {
            state: record.state,
            device: record.title,
            because: record.because,
            who: record.who,
            time: new Date(record.time).toISOString(),
            isUnderWay: record.state === "wanted" || record.state === "asked" || isFirst,
          },
  };
}

function deviceView(config: FenceConfig): FenceDeviceView {
  const { kind, timeout } = config;
  const common = { kind, timeout, title: titleOfDevice(config) };
  if (config.kind === "watchdog") return { ...common, parameters: {}, secrets: [], method: null };
  return {
    ...common,
    parameters: Object.fromEntries(config.parameters),
    secrets: config.secrets.names,
    method: config.method,
  };
}

function callsOf(context: ApiContext): FenceCalls {
  const { fencing: calls } = context.var.service;
  if (calls !== undefined) return calls;
  throw fail("CALL_NOT_IMPLEMENTED", { happened: "This service fences nobody.", unchanged: "Nothing was changed." });
}
