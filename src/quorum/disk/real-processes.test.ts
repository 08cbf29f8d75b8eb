/** Leaders in processes of their own: killed, stopped, and fighting for one folder. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openOutside } from "../../base/outside-node.ts";
import { identity, imageOf, lead, recordOf, stateOf, whoOf } from "../../../test/conformance/quorum-scene.ts";
import type { Quorum } from "../quorum.ts";
import { openDiskQuorum } from "./quorum.ts";

const script = fileURLToPath(new URL("../../../test/conformance/quorum-leader.ts", import.meta.url));
let root = "";
let place = "";
let quorum: Quorum;
let children: ChildProcess[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "clubar-quorum-"));
  place = join(root, "quorum");
  quorum = await openDiskQuorum(openOutside(), place);
  await quorum.create(identity, imageOf("first"));
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
  await rm(root, { recursive: true });
});

/** Starts a process that leads and appends without end; calls `onLine` with every update that was acknowledged. */
async function startLeader(node: string, onLine: (line: string) => void): Promise<ChildProcess> {
  const child = spawn(process.execPath, [script, place, node], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const lines = createInterface({ input: child.stdout });
  lines.on("line", onLine);
  await once(lines, "line");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

test("a killed leader is seen as dead, a stopped one is not; what they acknowledged is there", async () => {
  const acknowledged: string[] = [];
  const first = await startLeader("1", (line) => acknowledged.push(line));
  assert.equal(await quorum.holderDied(1), false);
  await kill(first);
  assert.equal(await quorum.holderDied(1), true);
  const kept = stateOf(await quorum.load());
  assert.ok(acknowledged.length > 0);
  for (const line of acknowledged) assert.ok(kept.includes(line), `${line} is lost`);

  const second = await startLeader("2", (line) => acknowledged.push(line));
  second.kill("SIGSTOP");
  assert.equal(await quorum.holderDied(2), false);
  assert.equal(await quorum.confirm(2), true);
  const third = await lead(quorum, "3");
  const before = stateOf(await quorum.load());
  second.kill("SIGCONT");
  const [code] = (await once(second, "exit")) as [number];
  assert.equal(code, 3, "the stopped leader did not notice that it is over");
  assert.equal(await quorum.holderDied(2), true);
  assert.deepEqual(stateOf(await quorum.load()), before);
  for (const line of acknowledged) assert.ok(before.includes(line), `${line} is lost`);
  const { tag } = (await quorum.load()).snapshot;
  assert.equal(await third.append(recordOf(3, tag.sequence + 1)), "acknowledged");
  await third.resign();
});

test("leaders that are killed one after the other lose nothing", async () => {
  const acknowledged: string[] = [];
  for (let node = 1; node <= 4; node++) {
    const seen = acknowledged.length;
    const { promise, resolve } = Promise.withResolvers<void>();
    const child = await startLeader(String(node), (line) => {
      acknowledged.push(line);
      if (acknowledged.length > seen + 30) resolve();
    });
    await promise;
    await kill(child);
  }
  const lines = stateOf(await quorum.load());
  assert.deepEqual(lines, [...new Set(lines)]);
  assert.deepEqual(
    lines.filter((line) => acknowledged.includes(line)),
    acknowledged,
  );
  assert.deepEqual(await quorum.leader(), { epoch: 4, ...whoOf("4") });
});
