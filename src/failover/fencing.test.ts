import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fail } from "../base/errors.ts";
import { silentLog } from "../base/log.ts";
import { prepare } from "../database/apply.ts";
import { removeFence, setFence, wantFence } from "../database/commands/fencing.ts";
import { confirmNodeDown } from "../database/commands/node.ts";
import type { Change } from "../database/change.ts";
import type { Database } from "../database/database.ts";
import type { FenceConfig } from "../database/fencing.ts";
import { readState } from "../database/state.ts";
import type { SubmitResult, Update } from "../database/update.ts";
import type { FenceDevice } from "../fencing/fencing.ts";
import { downUpdate, nodeRecord, upUpdate } from "../membership/node-records.ts";
import { refuseWhileFenced } from "../membership/while-fenced.ts";
import type { Key } from "../tree/key.ts";
import { parseScenario } from "../../test/policy/scenario.ts";
import { decide } from "./decide.ts";
import { decideFencing } from "./fencing-decision.ts";
import { Fencing } from "./fencing-loop.ts";
import { nodeFacts } from "./leader-loop.ts";

const epoch = 1;
const agent: FenceConfig = {
  kind: "agent",
  agent: "fence_test",
  method: "off",
  timeout: 1000,
  parameters: new Map([["plug", "n2"]]),
  secrets: { id: "", names: [] },
};
const watchdog: FenceConfig = { kind: "watchdog", device: "/dev/watchdog", timeout: 0 };

/** A leader's copy of the database, and devices that tell what they were asked. */
class World {
  tree: Key;
  now = 100_000;
  leads: number | undefined = epoch;
  readonly asked: string[] = [];
  /** What the devices of a kind answer; nothing: they confirm. */
  readonly broken = new Set<string>();
  onSubmit: () => void = () => undefined;
  onAsk: () => void = () => undefined;
  #random = 0;
  readonly fencing: Fencing;

  constructor(state: string, ...devices: readonly FenceConfig[]) {
    this.tree = parseScenario(state).tree;
    for (const config of devices) this.apply(setFence(this.tree, { node: "2", config }));
    this.fencing = this.leader();
  }

  leader(): Fencing {
    return new Fencing({
      outside: {
        clock: { boot: () => this.now, wall: () => this.now },
        random: { bytes: (count) => new Uint8Array(count).fill(++this.#random) },
      },
      database: { tree: () => this.tree, submit: (update: Update) => this.submit(update) } as unknown as Database,
      log: silentLog,
      epoch: () => this.leads,
      deviceOf: async (node, config) => this.#device(node.name, config),
    });
  }

  async submit(update: Update): Promise<SubmitResult> {
    const tag = { generation: 1, epoch, sequence: ++this.#random };
    const prepared = prepare(this.tree, update, tag, this.now);
    if (prepared.outcome === "refused") return { outcome: "refused", condition: prepared.condition };
    if (prepared.outcome === "applies") this.tree = prepared.tree;
    this.onSubmit();
    return { outcome: "applied", tag };
  }

  apply(change: Change): void {
    const prepared = prepare(
      this.tree,
      { ...change, requestId: `r${++this.#random}` },
      { generation: 1, epoch, sequence: 1 },
      0,
    );
    assert.equal(prepared.outcome, "applies");
    if (prepared.outcome === "applies") this.tree = prepared.tree;
  }

  /** The node's permit is over. */
  isDown(): void {
    const record = nodeRecord(this.tree, "2");
    assert.ok(record);
    this.apply(downUpdate("", record, "waited", "It was waited for."));
  }

  /** One round of the leader, and all that comes of it. */
  async round(fencing: Fencing = this.fencing): Promise<void> {
    const state = readState(this.tree);
    fencing.round(state, nodeFacts(state, epoch), epoch);
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  }

  record() {
    return readState(this.tree).nodes.get("2")?.fencing.record;
  }

  /** What the leader decides about the group. */
  decision(): string {
    const state = readState(this.tree);
    return decide({ state, nodes: nodeFacts(state, epoch), now: 0, hour: 0 })[0]?.because ?? "";
  }

  #device(node: string, { kind }: FenceConfig): FenceDevice {
    const broken = (): boolean => this.broken.has(kind);
    return {
      kind,
      title: kind,
      status: async () => ({ power: "on", sentence: "On." }),
      off: async () => {
        this.onAsk();
        this.asked.push(`${kind} ${node} ${this.record()?.state}`);
        if (broken()) throw fail("IO_DEVICE", { happened: "The device is dead." });
      },
      confirm: async () => "It is off.",
    };
  }
}

const silent = `node 1 n1 up
node 2 n2 down waited
group web owner=2 generation=1
 resource ip "OCF Agent" online`;

test("a silent node with what outlives its host is fenced, and then its group starts elsewhere", async () => {
  const world = new World(silent, agent);
  assert.match(world.decision(), /is unknown.*it is to be fenced/);
  await world.round();
  assert.deepEqual(world.asked, ["agent n2 asked"], "the decision stood in the database when the device was asked");
  assert.equal(world.record()?.because, "It is off.");
  assert.match(world.decision(), /^"web" goes to n1, .*: n2 was fenced: It is off\.$/);
  await world.round();
  assert.equal(world.asked.length, 1);
});

test("a device that fails leaves the group unknown, and is tried again only later", async () => {
  const world = new World(silent, agent);
  world.broken.add("agent");
  await world.round();
  assert.equal(world.record()?.state, "failed");
  assert.match(world.decision(), /fencing it failed: The device is dead; .*clubar node confirm-down n2/);
  world.now += 59_000;
  await world.round();
  assert.equal(world.asked.length, 1);
  world.now += 2_000;
  world.broken.clear();
  await world.round();
  assert.equal(world.record()?.state, "off");
});

test("the watchdog is waited for after the agent failed, and only when that life armed it", async () => {
  for (const armed of [undefined, 10_000]) {
    const world = new World(silent.replace(" down waited", ""), agent, watchdog);
    const life = { node: "2", incarnation: "life-2", endpoint: "e" };
    world.apply(upUpdate("", armed === undefined ? life : { ...life, watchdog: armed }, epoch, world.tree));
    world.isDown();
    world.broken.add("agent");
    await world.round();
    await world.round();
    const kinds = world.asked.map((one) => one.split(" ")[0]);
    assert.deepEqual(kinds, armed === undefined ? ["agent"] : ["agent", "watchdog"]);
    assert.equal(world.record()?.state, armed === undefined ? "failed" : "off");
  }
});

test("a leader that stood still between its record and the device, or leads no more, asks nobody", async () => {
  const stood = new World(silent, agent);
  stood.onSubmit = () => {
    stood.now += 10_000;
  };
  await stood.round();
  assert.deepEqual([stood.asked, stood.record()?.state], [[], "asked"]);
  stood.onSubmit = () => undefined;
  await stood.round();
  assert.equal(stood.record()?.state, "off", "the next round takes it up");
  const gone = new World(silent, agent);
  gone.onSubmit = () => {
    gone.leads = undefined;
  };
  await gone.round();
  assert.deepEqual(gone.asked, []);
});

test("what another leader began is taken up, and only the newest try's outcome counts", async () => {
  const world = new World(silent, agent);
  let isFirst = true;
  world.onAsk = () => {
    if (!isFirst) return;
    isFirst = false;
    // The first leader's device is asked, and meanwhile the next leader does the same.
    const state = readState(world.tree);
    world.leader().round(state, nodeFacts(state, epoch), epoch);
    world.broken.add("agent");
  };
  await world.round();
  assert.equal(world.asked.length, 2);
  const outcome = world.record();
  assert.ok(outcome?.state === "failed" || outcome?.state === "off");
  assert.equal(readState(world.tree).nodes.get("2")?.confirmedDown, outcome?.state === "off");
});

test("a try that a leader left open ends also when a person confirmed the node meanwhile, and the node is let in", async () => {
  const world = new World(silent, agent);
  world.onAsk = () => {
    world.apply(confirmNodeDown(world.tree, { node: "2", repeatedName: "n2", who: "a person" }));
    world.fencing.close();
  };
  await world.round();
  assert.equal(world.record()?.state, "asked");
  assert.throws(() => refuseWhileFenced(world.tree, "2"), { name: "CLUSTER_NODE_NOT_READY" });
  world.onAsk = () => undefined;
  const next = world.leader();
  await world.round(next);
  assert.equal(world.record()?.state, "off");
  refuseWhileFenced(world.tree, "2");
  await world.round(next);
  assert.equal(world.asked.length, 2);
});

test("a try that a leader left open does not keep the node out when its device is taken away", async () => {
  const world = new World(silent, agent);
  world.onAsk = () => world.fencing.close();
  await world.round();
  assert.throws(() => refuseWhileFenced(world.tree, "2"), { name: "CLUSTER_NODE_NOT_READY" });
  world.apply(removeFence(world.tree, { node: "2", kind: undefined }));
  refuseWhileFenced(world.tree, "2");
  world.apply(upUpdate("again", { node: "2", incarnation: "life-3", endpoint: "e" }, epoch, world.tree));
});

test("a node whose machine is being switched off is let in only afterwards", async () => {
  const world = new World(silent, agent);
  const life = { node: "2", incarnation: "life-3", endpoint: "e" };
  const before = upUpdate("late", life, epoch, world.tree);
  world.onAsk = () => {
    assert.throws(() => refuseWhileFenced(world.tree, "2"), { name: "CLUSTER_NODE_NOT_READY" });
    const tag = { generation: 1, epoch, sequence: 9 };
    assert.equal(prepare(world.tree, before, tag, 0).outcome, "refused", "a join that was on its way");
  };
  await world.round();
  assert.equal(world.asked.length, 1);
  refuseWhileFenced(world.tree, "2");
  world.apply(upUpdate("again", life, epoch, world.tree));
  await world.round();
  assert.equal(world.record(), undefined, "nothing was decided about the new life");
});

test("a person's wish is refused for a node that answers or proved, and carried out otherwise", async () => {
  const wish = (world: World) => wantFence(world.tree, { node: "n2", who: "user:ada", attempt: "a", wall: 0 });
  const idle = silent.replace("OCF Agent", "Generic Application");
  assert.throws(() => wish(new World(idle.replace("down waited", "up"), agent)), { name: "CLUSTER_NODE_UP" });
  assert.throws(() => wish(new World(idle.replace("waited", "proof"), agent)), { name: "INVALID_STATE" });
  assert.throws(() => wish(new World(idle)), { name: "FILE_NOT_FOUND" });
  const world = new World(idle, agent);
  await world.round();
  assert.deepEqual(world.asked, [], "nothing there outlives its host");
  world.apply(wish(world));
  await world.round();
  assert.deepEqual([world.record()?.state, world.record()?.who], ["off", "user:ada"]);
  const again = new World(silent, agent);
  again.broken.add("agent");
  await again.round();
  again.broken.clear();
  again.apply(wish(again));
  await again.round();
  assert.equal(again.record()?.state, "off", "a person need not wait for the next try");
});

test("whatever the cluster looks like, only a node that was waited for and left something is fenced", () => {
  const words = [
    "up",
    "silent",
    "unreported",
    "paused",
    "down",
    "proof",
    "left",
    "waited",
    "gone",
    "loose",
    "none",
    "confirmed-by-person",
  ];
  const resources = fc.array(fc.constantFrom("OCF Agent", "Generic Application", "Physical Disk", "IP Address"), {
    minLength: 1,
    maxLength: 3,
  });
  const group = fc.record({ resources, words: fc.subarray(["offline", "released", "moveTo=1", "owner=1"]) });
  fc.assert(
    fc.property(fc.subarray(words), fc.array(group, { maxLength: 3 }), (of, groups) => {
      const lines = groups.flatMap((one, at) => [
        `group g${at} owner=2 generation=1 ${one.words.join(" ")}`,
        ...one.resources.map((type, number) => ` resource r${at}${number} "${type}" online`),
      ]);
      const text = ["node 1 n1 up", `node 2 n2 ${of.join(" ")}`, ...lines].join("\n");
      const world = new World(text, agent);
      const state = readState(world.tree);
      const facts = nodeFacts(state, epoch);
      const node = state.nodes.get("2");
      const because = node?.downBecause;
      const left = [...state.groups.values()].some(
        (one) =>
          one.owner === "2" &&
          !one.released &&
          one.wanted &&
          one.resources.some((id) => facts.get("2")?.loose === true || state.resources.get(id)?.diesWithHost === false),
      );
      const isSure = node?.state === 1 && !node.confirmedDown && (because === "waited" || because === "gone");
      const [decision] = decideFencing(state, facts, () => false);
      assert.equal(decision !== undefined, isSure && left, text);
      if (decision !== undefined)
        assert.match(
          decision.because,
          /^Node n2 is fenced by fence_test: it is silent, and ".*" do(es)? not die with its host\.$/,
        );
    }),
  );
});
