/** What the loop makes of a host that comes to no answer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseScenario } from "../../test/policy/scenario.ts";
import { fail } from "../base/errors.ts";
import { silentLog } from "../base/log.ts";
import { openOutside } from "../base/outside-node.ts";
import type { Database } from "../database/database.ts";
import type { Update } from "../database/update.ts";
import { readState } from "../database/state.ts";
import { resourceState } from "../monitor/resource-state.ts";
import { applyEdits } from "../tree/edit.ts";
import type { Key } from "../tree/key.ts";
import { dword, sz } from "../tree/value.ts";
import { OwnerLoop } from "./owner-loop.ts";

const outside = openOutside();

function treeWith(type: string): Key {
  const lines = ["node 1 n1 up", "node 2 n2 up", "group web owner=1 generation=3", `  resource disk "${type}" offline`];
  return parseScenario(lines.join("\n")).tree;
}

/** A loop whose host loses its connection at the stop; the sentences of what it told the database. */
async function lostAtStop(
  type: string,
): Promise<{ readonly phase: string | undefined; readonly told: readonly string[] }> {
  let tree = treeWith(type);
  const told: string[] = [];
  const node = readState(tree).nodes.get("1");
  const [id = ""] = readState(tree).resources.keys();
  const stopped = Promise.withResolvers<void>();
  const database = {
    tree: () => tree,
    submit: async ({ because, edits }: Update) => {
      told.push(because);
      tree = applyEdits(tree, edits, 2n);
      return { outcome: "applied", tag: {} };
    },
    self: { node: "1", incarnation: node?.incarnation ?? "" },
  } as unknown as Database;
  const lost = (): Promise<void> => {
    stopped.resolve();
    return Promise.reject(fail("CLUSTER_NODE_UNREACHABLE", { happened: "The host does not answer." }));
  };
  const loop: OwnerLoop = new OwnerLoop({
    outside,
    database,
    host: {
      start: async ({ ownershipGeneration }) => {
        loop.hostEvent({ resource: id, ownershipGeneration, state: resourceState.online, because: "It came online." });
        const path = readState(tree).groups.get(readState(tree).resources.get(id)?.group ?? "")?.runtimePath ?? "";
        const values = [sz("MoveTo", "2"), sz("MoveReason", "move")];
        tree = applyEdits(
          tree,
          values.map((value) => ({ kind: "set-value", path, value }) as const),
          2n,
        );
      },
      makeReady: () => undefined,
      stop: lost,
      terminate: lost,
    },
    checkpoints: {
      restoreBeforeOnline: () => Promise.resolve({ notice: "" }),
      begin: () => undefined,
      captureNow: () => Promise.resolve({ failed: [] }),
      end: () => undefined,
    },
    log: silentLog,
    poll: 5,
  });
  const end = new AbortController();
  const running = loop.run(end.signal);
  await stopped.promise;
  for (let rounds = 0; rounds < 20 && !told.some((because) => /releases|hands/.test(because)); rounds += 1) {
    await outside.timers.sleep(5);
  }
  end.abort();
  await running;
  return { phase: loop.running().get(id)?.phase, told };
}

for (const type of ["Physical Disk", "Generic Application"]) {
  test(`a ${type} whose host comes to no answer is still on its way, and its group is not released`, async () => {
    const { phase, told } = await lostAtStop(type);
    assert.equal(phase, "offline-pending");
    assert.ok(!told.some((because) => /releases|hands/.test(because)), told.join("\n"));
  });
}

test("restarts count no longer when somebody took it offline", async () => {
  let tree = treeWith("Generic Application");
  const [[id = "", resource] = []] = readState(tree).resources;
  const groupPath = readState(tree).groups.get(resource?.group ?? "")?.path ?? "";
  const database = {
    tree: () => tree,
    submit: async ({ edits }: Update) => {
      tree = applyEdits(tree, edits, 2n);
      return { outcome: "applied", tag: {} };
    },
    self: { node: "1", incarnation: readState(tree).nodes.get("1")?.incarnation ?? "" },
  } as unknown as Database;
  let starts = 0;
  const tell = (ownershipGeneration: number, state: 2 | 4): void =>
    loop.hostEvent({ resource: id, ownershipGeneration, state, because: "told" });
  const loop: OwnerLoop = new OwnerLoop({
    outside,
    database,
    host: {
      start: async ({ ownershipGeneration }) => {
        tell(ownershipGeneration, resourceState.online);
        if (++starts === 1) tell(ownershipGeneration, resourceState.failed);
      },
      makeReady: () => undefined,
      stop: () => Promise.resolve(),
      terminate: () => Promise.resolve(),
    },
    checkpoints: {
      restoreBeforeOnline: () => Promise.resolve({ notice: "" }),
      begin: () => undefined,
      captureNow: () => Promise.resolve({ failed: [] }),
      end: () => undefined,
    },
    log: silentLog,
    poll: 5,
  });
  const end = new AbortController();
  const running = loop.run(end.signal);
  const reaches = async (phase: string): Promise<number> => {
    while (loop.running().get(id)?.phase !== phase || starts < 2) await outside.timers.sleep(1);
    return loop.running().get(id)?.restarts.length ?? -1;
  };
  assert.equal(await reaches("online"), 1);
  tree = applyEdits(tree, [{ kind: "set-value", path: groupPath, value: dword("PersistentState", 0) }], 3n);
  loop.kick();
  assert.equal(await reaches("offline"), 0);
  end.abort();
  await running;
});
