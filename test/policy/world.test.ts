import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cancelMove, moveGroup, offlineGroup, onlineGroup } from "../../src/database/commands/group.ts";
import { pauseNode, resumeNode } from "../../src/database/commands/node.ts";
import { failResource, offlineResource, onlineResource } from "../../src/database/commands/resource.ts";
import type { Change } from "../../src/database/change.ts";
import type { Action } from "../../src/failover/actions.ts";
import { decide } from "../../src/failover/decide.ts";
import { nodeFacts } from "../../src/failover/leader-loop.ts";
import { Failure } from "../../src/base/errors.ts";
import { resourceState } from "../../src/database/schema.ts";
import type { Key } from "../../src/tree/key.ts";
import { parseScenario } from "./scenario.ts";
import { World } from "./world.ts";

const cluster = `
node 1 n1 up
node 2 n2 up
node 3 n3 up
group web generation=0 released PreferredOwners=1,2 AutoFailbackType=1
  resource disk "Generic Application"
  resource name "Generic Application"
  resource app "Generic Application" depends=disk,name checkpoints RestartThreshold=1
group db generation=0 released AntiAffinityClassNames=x
  resource data "Generic Application" checkpoints RestartThreshold=0
group log generation=0 released AntiAffinityClassNames=x Priority=3000
  resource logs "Generic Application" possible=1,2
`;
const groups = ["web", "db", "log"];
const resources = ["disk", "name", "app", "data", "logs"];

type Op = readonly [kind: number, a: number, b: number];
const operation = fc.tuple(fc.nat(30), fc.nat(1000), fc.nat(1000));

/** Asks as a person would; what the command refuses is no failure here. */
function ask(world: World, command: (tree: Key) => Change): void {
  try {
    world.submit(command(world.tree));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}

function play(world: World, [kind, a, b]: Op): void {
  const node = world.nodes[a % world.nodes.length] as World["nodes"][number];
  const group = groups[a % groups.length] as string;
  const resource = resources[b % resources.length] as string;
  const late = b % 2 === 1;
  world.now += b;
  const plays: readonly (() => void)[] = [
    () => world.lead(b % 4, late),
    () => world.lead(0, false),
    () => world.own(node, late),
    () => world.own(node, false),
    () => world.catchUp(node, (b % 5) + 1),
    () => world.catchUp(node, 1000),
    () => world.deliver(b),
    () => world.deliver(0),
    () => world.crash(node),
    () => world.recordDown(node, late ? "proof" : "waited"),
    () => world.restart(node, b % 8),
    () => world.restart(node),
    () => ask(world, (tree) => moveGroup(tree, late ? { group } : { group, node: String((b % 3) + 1) })),
    () => ask(world, (tree) => cancelMove(tree, { group })),
    () => ask(world, (tree) => offlineGroup(tree, { group })),
    () => ask(world, (tree) => onlineGroup(tree, { group })),
    () => ask(world, (tree) => failResource(tree, { resource })),
    () => ask(world, (tree) => (late ? offlineResource : onlineResource)(tree, { resource })),
    () => ask(world, (tree) => pauseNode(tree, { node: node.id, drain: late })),
    () => ask(world, (tree) => resumeNode(tree, { node: node.id, failback: late ? "now" : "policy" })),
    () => node.host.fail(resource, world.now),
    () => stumble(world, node, late),
    () => stumble(world, node, late),
    () => calm(world),
    () => calm(world),
    () => moveHalfway(world, group, node),
    () => moveHalfway(world, group, node),
  ];
  if (kind < plays.length) plays[kind]?.();
  else for (const pending of node.host.pending()) node.host.finish(pending, world.now, b % 5 === 0);
}

/** A node dies and comes back while a decision about it is still on its way. */
function stumble(world: World, node: World["nodes"][number], late: boolean): void {
  world.crash(node);
  world.recordDown(node, "proof");
  world.lead(0, late);
  world.restart(node);
  world.own(node, false);
}

/** What was decided and reported is seen by all, but no more is decided. */
function calm(world: World): void {
  for (let i = 0; i < 8; i += 1) world.deliver(0);
  for (const node of world.nodes) {
    world.catchUp(node, 1000);
    world.own(node, false);
  }
}

/** A person moves a group and thinks better of it while its owner is at it. */
function moveHalfway(world: World, group: string, node: World["nodes"][number]): void {
  ask(world, (tree) => moveGroup(tree, { group }));
  calm(world);
  for (const pending of node.host.pending()) node.host.finish(pending, world.now);
  world.own(node, true);
  ask(world, (tree) => cancelMove(tree, { group }));
}

test("no resource ever runs on two nodes, and providers come first, whatever lags or dies", () => {
  let runs = 0;
  const property = fc.property(fc.array(operation, { minLength: 40, maxLength: 160, size: "max" }), (operations) => {
    const world = new World(parseScenario(cluster));
    world.settle();
    for (const one of operations) {
      try {
        play(world, one);
        world.check();
      } catch (error) {
        throw new Error(`${String(error)}\n${world.story.slice(-40).join("\n")}`, { cause: error });
      }
    }
    runs += world.state().groups.size;
  });
  fc.assert(property, { numRuns: 300 });
  assert.ok(runs > 0);
});

test("when all nodes are up and everything has caught up, the cluster comes to rest with every wanted group online", () => {
  const property = fc.property(fc.array(operation, { minLength: 20, maxLength: 80, size: "max" }), (operations) => {
    const world = new World(parseScenario(cluster));
    world.settle();
    for (const one of operations) play(world, one);
    for (const node of world.nodes) {
      world.restart(node);
      ask(world, (tree) => resumeNode(tree, { node: node.id }));
    }
    try {
      world.settle();
      for (const group of groups) ask(world, (tree) => onlineGroup(tree, { group }));
      world.settle();
      assert.deepEqual(world.unrest(), []);
      for (const resource of world.state().resources.values())
        assert.equal(resource.state, resourceState.online, resource.name);
    } catch (error) {
      throw new Error(`${String(error)}\n${world.story.slice(-60).join("\n")}`, { cause: error });
    }
  });
  fc.assert(property, { numRuns: 100 });
});

test("a release that was on its way when the move was called off is refused", () => {
  const world = new World(
    parseScenario(
      'node 1 n1 up\nnode 2 n2 up\ngroup web generation=0 released\n  resource app "Generic Application"\n',
    ),
  );
  world.settle();
  const owner = world.nodes.find(
    (node) => node.id === world.state().groups.get("web")?.owner,
  ) as World["nodes"][number];
  ask(world, (tree) => moveGroup(tree, { group: "web" }));
  world.catchUp(owner, 1000);
  world.own(owner, false);
  for (const pending of owner.host.pending()) owner.host.finish(pending, world.now);
  world.own(owner, true);
  ask(world, (tree) => cancelMove(tree, { group: "web" }));
  world.catchUp(owner, 1000);
  world.own(owner, false);
  assert.equal(owner.host.running.get("app")?.phase, "online-pending");
  world.settle();
  assert.equal(world.state().groups.get("web")?.owner, owner.id);
  assert.ok(
    world.story.some((line) => line.startsWith("refused") && line.includes("releases")),
    world.story.join("\n"),
  );
});

test("deciding twice in the same state says the same; deciding on its own result asks for nothing that contradicts it", () => {
  const property = fc.property(fc.array(operation, { minLength: 10, maxLength: 60, size: "max" }), (operations) => {
    const world = new World(parseScenario(cluster));
    for (const one of operations) play(world, one);
    const first = actionsOf(world);
    assert.deepEqual(actionsOf(world), first);
    for (let round = 0; round < 4; round += 1) world.lead(0, false);
    const rest = actionsOf(world).filter((action) => action.update !== undefined);
    assert.deepEqual(rest, [], world.story.slice(-30).join("\n"));
  });
  fc.assert(property, { numRuns: 100 });
});

function actionsOf(world: World): Action[] {
  const state = world.state();
  return decide({ state, nodes: nodeFacts(state, 1), now: world.now, hour: 12 });
}
