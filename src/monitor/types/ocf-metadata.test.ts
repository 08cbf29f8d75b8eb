/** What agents say of themselves, and an agent that misbehaves; no agent need be installed. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { holds, openScene } from "../../../test/monitor/scene.ts";
import { dword, sz, type Value } from "../../tree/value.ts";
import type { ResourceSpec } from "../host-engine.ts";
import { resourceState } from "../resource-state.ts";
import { ocfSays, saysRunning } from "./ocf-action.ts";
import { milliseconds, parseOcfMetadata } from "./ocf-metadata.ts";

const { online, failed } = resourceState;
const metadata = `<?xml version="1.0"?>
<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
<resource-agent name="Odd" version="1.0"><version>1.1</version><longdesc lang="en">Odd &amp; so.</longdesc>
<parameters><parameter name="how" required="1"><content type="string"/></parameter><parameter name="else"/></parameters>
<actions><action name="start" timeout="1s"/><action name="stop" timeout="20"/><action name="monitor" depth="0" timeout="900ms"/>
<action name="monitor" depth="10" timeout="2min"/><action name="validate-all"/></actions></resource-agent>`;

test("parameters, actions, depths and times are read", () => {
  const read = parseOcfMetadata(metadata, "/x");
  assert.equal(read.name, "Odd");
  assert.deepEqual(read.parameters, [
    { name: "how", required: true },
    { name: "else", required: false },
  ]);
  assert.deepEqual(
    read.actions.map(({ name, timeout, depth }) => [name, timeout, depth]),
    [
      ["start", 1000, 0],
      ["stop", 20_000, 0],
      ["monitor", 900, 0],
      ["monitor", 120_000, 10],
      ["validate-all", undefined, 0],
    ],
  );
  for (const bad of ["", "<resource-agent", "<other/>"])
    assert.throws(() => parseOcfMetadata(bad, "/x"), { name: "INVALID_DATA" });
  assert.equal(milliseconds("1.5h"), 5_400_000);
  assert.equal(milliseconds("soon"), undefined);
});

test("codes mean what the specification says", () => {
  for (const code of [0, 8, 190, 191]) assert.ok(saysRunning(code));
  for (const code of [undefined, 1, 2, 3, 4, 5, 6, 7, 9, 137]) assert.ok(!saysRunning(code));
  assert.match(ocfSays(5), /5 \(a program that it needs is not installed\)/);
});

const scene = await openScene();
const root = join(scene.folder, "ocf");
const odd = await openScene({ folder: scene.folder, environment: { OCF_ROOT: root } });
after(async () => {
  await odd.engine.terminateAll("End of the test.");
  rmSync(scene.folder, { recursive: true, force: true });
});

/** Writes down each action with what it was given; `how` chooses what goes wrong. */
const agent = `#!/bin/sh
here=${scene.folder}
case $1 in meta-data) echo >>$here/asked; cat $here/meta-data.xml; exit 0;; esac
echo "$1 $OCF_CHECK_LEVEL $OCF_RESOURCE_INSTANCE $OCF_RESOURCE_PROVIDER:$OCF_RESOURCE_TYPE $OCF_RESKEY_CRM_meta_timeout" >>$here/calls
case $OCF_RESKEY_how:$1 in
  hang:start) trap '' TERM; sleep 1000;;
  refuse:validate-all) echo "ERROR: ocf-exit-reason:Else is needed." >&2; exit 6;;
  refuse:*) echo "ocf-exit-reason:It is not told." >&2; exit 1;;
  mute:start) exit 1;;
  weak:start) exit 0;;
  *:start) : >$here/runs;;
  *:stop) rm -f $here/runs;;
  deep:monitor) [ "$OCF_CHECK_LEVEL" != 10 ] || exit 1;;
  *:monitor) [ -e $here/runs ] || exit 7;;
esac`;
mkdirSync(join(root, "resource.d", "test"), { recursive: true });
writeFileSync(join(root, "resource.d", "test", "Odd"), agent);
chmodSync(join(root, "resource.d", "test", "Odd"), 0o755);
writeFileSync(join(scene.folder, "meta-data.xml"), metadata);
const how = (word: string): readonly Value[] => [sz("OcfAgent", "ocf:test:Odd"), sz("how", word)];
const calls = (): string[] => readFileSync(join(scene.folder, "calls"), "utf8").split("\n");

test("an action gets its name, its time, its depth; the agent's own parameters", async () => {
  const times = { looksAlivePollInterval: 10, isAlivePollInterval: 10 };
  const event = await odd.online("fine", "OCF Agent", [...how("well"), dword("OcfCheckLevel", 10)], times);
  assert.equal(event.state, online, event.because);
  assert.ok(calls().includes("start  fine test:Odd 1000"));
  while (!calls().includes("monitor 10 fine test:Odd 120000")) await odd.outside.timers.sleep(5);
  await odd.engine.stop("fine");
  assert.ok(calls().includes("stop  fine test:Odd 20000"));
  assert.equal(existsSync(join(scene.folder, "runs")), false);
});

test("a start that hangs is ended after the agent's own time, and holds up nobody", async () => {
  const hanging = odd.online("hangs", "OCF Daemon", how("hang"));
  await odd.reaches("hangs", resourceState.onlinePending);
  assert.equal((await odd.online("beside", "OCF Daemon", how("well"))).state, online);
  const event = await hanging;
  assert.equal(event.state, failed);
  assert.match(event.because, /ocf:test:Odd start did not end in the time that it asks for itself/);
  await odd.engine.stop("beside");
  assert.equal(odd.running.size, 0);
});

test("an agent is asked for its meta-data once, until its file or what it lacks has changed", async () => {
  const asked = (): number => readFileSync(join(scene.folder, "asked"), "utf8").length;
  const before = asked();
  assert.equal((await odd.online("again", "OCF Agent", how("well"))).state, online);
  await odd.engine.stop("again");
  assert.equal(asked(), before);
  writeFileSync(join(root, "resource.d", "test", "Odd"), `${agent}\n`);
  assert.equal((await odd.online("again", "OCF Agent", how("well"))).state, online);
  await odd.engine.stop("again");
  assert.equal(asked(), before + 1);
  assert.match((await odd.online("again", "OCF Agent", [...how("well"), sz("new", "1")])).because, /no parameter new/);
  assert.equal(asked(), before + 2);
});

test("what this host stopped is started at once; what it did not, or with other settings, is looked at before", async () => {
  const actions = async (word: string): Promise<readonly string[]> => {
    const before = calls().length - 1;
    assert.equal((await odd.online("stopped", "OCF Agent", how(word))).state, online);
    return calls()
      .slice(before)
      .flatMap((line) => line.split(" ")[0] || []);
  };
  assert.deepEqual(await actions("well"), ["monitor", "start"]);
  await odd.engine.stop("stopped");
  assert.deepEqual(await actions("well"), ["start"]);
  await odd.engine.stop("stopped");
  assert.deepEqual(await actions("good"), ["monitor", "start"]);
  await odd.engine.stop("stopped");
});

test("a container is made ahead of the start that it was made for, and gone when another comes or none may", async () => {
  const times = {};
  const spec = (word: string): ResourceSpec => {
    return { id: "soon", name: "soon", type: "OCF Agent", ownershipGeneration: 1, times, parameters: how(word) };
  };
  const before = calls().length;
  odd.engine.makeReady(spec("well"));
  odd.engine.makeReady(spec("well"));
  await holds(odd.outside, () => odd.running.size === 1);
  const [made] = odd.started("soon");
  assert.equal(calls().length, before, "nothing was asked of the agent");
  assert.equal((await odd.online("soon", "OCF Agent", how("well"))).state, online);
  assert.deepEqual(odd.started("soon"), [made]);
  await odd.engine.stop("soon");
  assert.equal(odd.running.size, 0);

  odd.engine.makeReady(spec("well"));
  await holds(odd.outside, () => odd.running.size === 1);
  assert.equal((await odd.online("soon", "OCF Agent", how("good"))).state, online);
  await holds(odd.outside, () => odd.running.size === 1);
  assert.equal(odd.started("soon").length, 3);
  await odd.engine.stop("soon");

  odd.engine.makeReady(spec("well"));
  await odd.engine.setMayRun(false, "The permit is over.");
  odd.engine.makeReady(spec("well"));
  assert.equal(odd.running.size, 0);
  await odd.engine.setMayRun(true, "");
  const states = odd.events.filter(({ resource }) => resource === "soon").map(({ state }) => state);
  assert.deepEqual(states.slice(-2), [resourceState.offlinePending, resourceState.offline]);
});

test("a failed check, a start that did nothing and a stop that fails are told; the last holds the resource", async () => {
  assert.match(
    (await odd.online("a", "OCF Agent", how("refuse"))).because,
    /validate-all ended with 6 \(wrong configuration\): Else is needed\. Its/,
  );
  assert.match((await odd.online("a", "OCF Agent", how("mute"))).because, /start ended with 1 \(generic error\)\. Its/);
  const quick = { looksAlivePollInterval: 10, isAlivePollInterval: 10 };
  assert.equal((await odd.online("b", "OCF Agent", how("weak"), quick)).state, online);
  assert.match((await odd.reaches("b", failed)).because, /not alive any more/);
  assert.equal(odd.events.at(-1)?.held, undefined);
  assert.equal(odd.running.size, 0);
});
