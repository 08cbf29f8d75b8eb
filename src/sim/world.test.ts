import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProgramSpec } from "../base/outside.ts";
import { drawPlan, faultKinds, FaultInjector } from "./faults.ts";
import { createWorld, type World } from "./world.ts";

const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);
const text = (b: Uint8Array): string => new TextDecoder().decode(b);

function spec(command: string, more: Partial<ProgramSpec> = {}): ProgramSpec {
  return { command, args: [], environment: {}, output: "lines", ...more };
}

/** A small busy cluster: every node appends to a shared log, asks the others, and runs an application. */
function busyWorld(seed: number): World {
  const world = createWorld({ seed, machines: ["m1", "m2", "m3"] });
  world.program("app", world.applications.program());
  world.program("node", async (outside, args) => {
    const self = args[0] ?? "";
    await outside.files.makeFolder(`/quorum/${self}`);
    await outside.net.listen(`/quorum/${self}/socket`, (connection) => {
      connection.onFrame((frame) => connection.send(frame));
    });
    const child = await outside.processes.start(
      spec("app", { args: [self], environment: { CLUBAR_SIM_DIES_WITH_PARENT: "1" } }),
    );
    const log = await outside.files.open(`/quorum/${self}/log`, "append");
    for (let i = 0; ; i++) {
      await log.write(bytes(`${i} ${outside.clock.wall()} ${child.identity.pid}\n`)).catch(() => undefined);
      await log.sync().catch(() => undefined);
      const other = `m${1 + ((outside.random.bytes(1)[0] ?? 0) % 3)}`;
      await outside.net.connect(`/quorum/${other}/socket`).then(
        (connection) => {
          connection.send(bytes("hello"));
          connection.onFrame(() => connection.close());
        },
        () => undefined,
      );
      await outside.timers.sleep(20);
    }
  });
  for (const name of ["m1", "m2", "m3"]) {
    const program = spec("node", { args: [name], output: "none" });
    world.supervise({ machine: name, node: name, spec: program, restartAfter: [10, 100] });
  }
  return world;
}

async function traceOf(seed: number): Promise<{ hash: string; lines: readonly string[]; world: World }> {
  const world = busyWorld(seed);
  const plan = {
    ...drawPlan(world.random.stream("plan"), 40, (each) => each.name === "node"),
    kinds: faultKinds,
    callPause: 0.01,
  };
  new FaultInjector(world, plan).start();
  await world.run({ until: 8000 });
  return { hash: world.trace.hash(), lines: world.trace.lines(), world };
}

test("the same seed gives the same trace, another seed another", async () => {
  const [first, second, other] = [await traceOf(7), await traceOf(7), await traceOf(8)];
  assert.deepEqual(first.lines, second.lines);
  assert.equal(first.hash, second.hash);
  assert.notEqual(first.hash, other.hash);
  assert.ok(first.lines.length > 500);
  assert.deepEqual(first.world.crashes, []);
});

test("the trace holds while real time passes differently", async () => {
  const quick = busyWorld(3);
  await quick.run({ until: 500 });
  const slow = busyWorld(3);
  for (let until = 100; until <= 500; until += 100) {
    await slow.run({ until });
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.equal(slow.trace.hash(), quick.trace.hash());
});

test("after the fault budget is spent every node runs again", async () => {
  for (let seed = 0; seed < 10; seed++) {
    const world = busyWorld(seed);
    const injector = new FaultInjector(world, {
      ...drawPlan(world.random.stream("plan"), 25, (each) => each.name === "node"),
      kinds: faultKinds,
    });
    injector.start();
    assert.equal(await world.run({ until: 400_000, when: () => !injector.active }), "reached");
    await world.run({ until: world.now + 5000 });
    for (const node of ["m1", "m2", "m3"]) assert.equal(world.find("node", node).length, 1, `seed ${seed}: ${node}`);
    for (const node of ["m1", "m2", "m3"]) assert.equal(world.applications.running(node).length, 1);
    assert.deepEqual(world.crashes, []);
  }
});

test("virtual time passes without waiting, boot time with the machine's drift", async () => {
  const world = createWorld({ seed: 1, machines: ["m"] });
  const outside = world.outside("m", "p");
  const before = outside.clock.boot();
  await world.complete(outside.timers.sleep(3_600_000), 4_000_000);
  const passed = outside.clock.boot() - before;
  assert.ok(passed >= 3_600_000 && passed < 3_600_010, String(passed));
  world.powerOff("m");
  world.powerOn("m");
  assert.ok(world.outside("m", "p").clock.boot() < 1);
});

test("an aborted sleep ends at once", async () => {
  const world = createWorld({ seed: 1, machines: ["m"] });
  const abort = new AbortController();
  const slept = world.outside("m", "p").timers.sleep(10_000, abort.signal);
  world.scheduler.after(50, () => abort.abort());
  await world.complete(slept);
  assert.ok(world.now < 60);
});

test("a world where nothing can happen any more is stalled", async () => {
  const world = createWorld({ seed: 1, machines: ["m"] });
  assert.equal(await world.run({ when: () => false }), "stalled");
  await assert.rejects(world.complete(new Promise(() => undefined)), /stalled/);
});

test("the calls of a killed process never resolve, and what it wrote stays", async () => {
  const world = createWorld({ seed: 1, machines: ["m"] });
  const outside = world.outside("m", "p");
  const handle = await world.complete(outside.files.open("/f", "append"));
  await world.complete(handle.lock());
  await world.complete(handle.write(bytes("kept")));
  let resolved = false;
  void outside.timers.sleep(10).then(() => {
    resolved = true;
  });
  const [process] = world.find("p");
  assert.ok(process);
  world.kill(process);
  await world.run({ until: 1000 });
  assert.equal(resolved, false);
  const other = world.outside("m", "other");
  assert.equal(text(await world.complete(other.files.read("/f"))), "kept");
  assert.equal(await world.complete(other.files.isLocked("/f")), false);
});

test("power loss forgets what was not synced, on a shared disk only when the last machine goes", async () => {
  const world = createWorld({ seed: 1, machines: ["m1", "m2"] });
  const outside = world.outside("m1", "p");
  for (const path of ["/own", "/quorum/shared"]) {
    await world.complete(outside.files.open(path, "create"));
  }
  const nothingKept = { names: "none-kept", data: "none-kept" } as const;
  world.powerOff("m1", nothingKept);
  world.powerOn("m1");
  const again = world.outside("m1", "p").files;
  assert.equal(await world.complete(again.stat("/own")), undefined);
  assert.notEqual(await world.complete(again.stat("/quorum/shared")), undefined);
  world.powerOff("m1", nothingKept);
  world.powerOff("m2", nothingKept);
  world.powerOn("m1");
  assert.equal(await world.complete(world.outside("m1", "p").files.stat("/quorum/shared")), undefined);
});

test("a stopped process sees its answers only after it continues, in order", async () => {
  const world = createWorld({ seed: 1, machines: ["m"] });
  const [outside, killer] = [world.outside("m", "p"), world.outside("m", "killer")];
  const who = outside.processes.self;
  const order: number[] = [];
  for (const ms of [10, 20, 30]) void outside.timers.sleep(ms).then(() => order.push(ms));
  await world.complete(killer.processes.signal(who, "SIGSTOP"));
  await world.run({ until: 5000 });
  assert.deepEqual(order, []);
  assert.equal(await world.complete(killer.processes.isAlive(who)), true);
  await world.complete(killer.processes.signal(who, "SIGCONT"));
  await world.run({ until: 5001 });
  assert.deepEqual(order, [10, 20, 30]);
});

test("a hook pauses a process between a call's effect and its answer", async () => {
  const world = createWorld({ seed: 1, machines: ["m"] });
  const [outside, other] = [world.outside("m", "p"), world.outside("m", "other")];
  world.hooks.add((process, call) =>
    process.name === "p" && call.name === "files.open" ? { pauseAfter: 9000 } : undefined,
  );
  let opened = 0;
  void outside.files.open("/f", "create").then(() => {
    opened = world.now;
  });
  await world.run({ until: 100 });
  assert.notEqual(await world.complete(other.files.stat("/f")), undefined);
  await world.run({ until: 20_000 });
  assert.ok(opened >= 9000);
});

test("hooks fail and kill at a call", async () => {
  const world = createWorld({ seed: 1, machines: ["m"] });
  const outside = world.outside("m", "p");
  world.hooks.add((_process, call) => {
    if (call.about === "/bad") return { error: "EIO" };
    if (call.about === "/before") return { kill: "before" };
    return call.about === "/after" ? { kill: "after" } : undefined;
  });
  await assert.rejects(world.complete(outside.files.open("/bad", "create")), { code: "EIO" });
  for (const path of ["/before", "/after"]) {
    void world.outside("m", "p").files.open(path, "create");
    await world.run({ until: world.now + 10 });
    assert.deepEqual(world.find("p"), []);
  }
  assert.deepEqual(await world.complete(world.outside("m", "p").files.list("/")), ["after"]);
});

test("a program's lines, input and end reach its parent", async () => {
  const world = createWorld({ seed: 1, machines: ["m"] });
  world.program("child", async (_outside, args, environment, stdio) => {
    stdio.print(`hello ${args.join(" ")} ${environment["X"]}`);
    return new Promise<number>((resolve) => stdio.onLine((line) => resolve(Number(line))));
  });
  const outside = world.outside("m", "parent");
  const program = spec("/usr/bin/node", { args: ["/opt/child.ts", "a", "b"], environment: { X: "y" }, input: true });
  const child = await world.complete(outside.processes.start(program));
  const lines: string[] = [];
  child.onLine((line, from) => lines.push(`${from} ${line}`));
  await world.run({ until: 1000 });
  child.tell("3");
  assert.deepEqual(await world.complete(child.ended), { code: 3 });
  assert.deepEqual(lines, ["stdout hello a b y"]);
  assert.equal(await world.complete(outside.processes.isAlive(child.identity)), false);
  assert.equal(await world.complete(outside.processes.signal(child.identity, "SIGKILL")), false);
  await assert.rejects(world.complete(outside.processes.start(spec("none"))), { code: "ENOENT" });
});

test("a tied child dies with its parent; an untied one lives and sees its input end", async () => {
  const world = createWorld({ seed: 1, machines: ["m"] });
  const ends: (string | undefined)[] = [];
  world.program("child", async (_outside, args, _environment, stdio) => {
    stdio.onEnd(() => ends.push(args[0]));
    await new Promise(() => undefined);
  });
  const outside = world.outside("m", "parent");
  await world.complete(
    outside.processes.start(spec("setpriv", { args: ["--pdeathsig=KILL", "child", "tied"], input: true })),
  );
  await world.complete(outside.processes.start(spec("child", { args: ["untied"], input: true })));
  const [parent] = world.find("parent");
  assert.ok(parent);
  await world.run({ until: 1000 });
  world.kill(parent);
  await world.run({ until: 1000 + world.latencies.tied[1] });
  assert.equal(world.find("child").length, 1);
  assert.ok(ends.includes("untied"));
});

test("an uncaught error ends the program with code 1 and is kept; exit ends it quietly", async () => {
  const world = createWorld({ seed: 1, machines: ["m"] });
  world.program("bad", async () => {
    throw new Error("planted");
  });
  world.program("exits", async (outside) => outside.processes.exit(7));
  const outside = world.outside("m", "parent");
  const bad = await world.complete(outside.processes.start(spec("bad")));
  assert.deepEqual(await world.complete(bad.ended), { code: 1 });
  const exits = await world.complete(outside.processes.start(spec("exits")));
  assert.deepEqual(await world.complete(exits.ended), { code: 7 });
  assert.equal(world.crashes.length, 1);
  assert.match(String(world.crashes[0]?.error), /planted/);
});

test("SIGTERM ends a program without a handler and is told to one with", async () => {
  const world = createWorld({ seed: 1, machines: ["m"] });
  world.program("app", world.applications.program());
  const outside = world.outside("m", "parent");
  world.applications.behave("stubborn", { ignoresTerm: true });
  const [willing, stubborn] = [
    await world.complete(outside.processes.start(spec("app", { args: ["willing"] }))),
    await world.complete(outside.processes.start(spec("app", { args: ["stubborn"] }))),
  ];
  await world.run({ until: 1000 });
  await world.complete(outside.processes.signal(willing.identity, "SIGTERM"));
  await world.complete(outside.processes.signal(stubborn.identity, "SIGTERM"));
  assert.deepEqual(await world.complete(willing.ended), { code: 0 });
  assert.equal(world.applications.running("stubborn").length, 1);
  await world.complete(outside.processes.signal(stubborn.identity, "SIGKILL"));
  assert.deepEqual(await world.complete(stubborn.ended), { signal: "SIGKILL" });
  assert.equal(world.applications.running("stubborn").length, 0);
  const runs = world.applications.runs.map(({ resource, node }) => `${resource} on ${node}`);
  assert.deepEqual(runs, ["willing on parent", "stubborn on parent"]);
});

test("init runs one instance, also when the power comes back while a restart is due", async () => {
  const world = createWorld({ seed: 1, machines: ["m"] });
  world.program("p", async () => new Promise(() => undefined));
  world.supervise({ machine: "m", node: "n", spec: spec("p"), restartAfter: [100, 200] });
  await world.run({ until: 50 });
  for (const process of world.find("p")) world.kill(process);
  await world.run({ until: 60 });
  world.powerOff("m");
  world.powerOn("m");
  await world.run({ until: 1000 });
  assert.equal(world.find("p").length, 1);
});

test("heal ends the faults that last", async () => {
  for (const kind of faultKinds) {
    const world = busyWorld(5);
    await world.run({ until: 200 });
    const plan = { ...drawPlan(world.random, 10, (each: { name: string }) => each.name === "node"), kinds: [kind] };
    const injector = new FaultInjector(world, { ...plan, gap: [1, 5], lasts: [1e6, 1e6], callPause: 0, callKill: 0 });
    injector.start();
    await world.run({ until: 400 });
    assert.ok(injector.spent > 0);
    injector.heal();
    assert.equal(world.hooks.size, 0, kind);
    assert.equal(world.network.settings.lateChance, 0, kind);
    assert.ok(
      [...world.disks.values()].every((disk) => !disk.full),
      kind,
    );
    assert.ok(
      world.processes.alive().every((process) => process.running),
      kind,
    );
    await world.run({ until: 1500 });
    for (const node of ["m1", "m2", "m3"]) assert.equal(world.find("node", node).length, 1, `${kind}: ${node}`);
  }
});

test("what is written to a program before it reads waits in its pipe, and so does the end of its input", async () => {
  const world = createWorld({ seed: 1, machines: ["m"] });
  const heard: string[] = [];
  world.program("late", async (outside, _args, _environment, stdio) => {
    await outside.timers.sleep(100);
    stdio.onLine((line) => heard.push(line));
    stdio.onEnd(() => heard.push("end"));
    await outside.timers.sleep(1000);
  });
  const outside = world.outside("m", "p");
  const child = await world.complete(outside.processes.start(spec("late", { input: true })));
  child.tell("one");
  child.tell("two");
  await world.run({ until: world.now + 10 });
  for (const process of world.find("p")) world.kill(process);
  await world.run({ until: 500 });
  assert.deepEqual(heard, ["one", "two", "end"]);
});
