import assert from "node:assert/strict";
import { test } from "node:test";
import { type Outside, OutsideError, type ProcessIdentity } from "../base/outside.ts";
import { killTree } from "./process-tree.ts";

type Entry = readonly [pid: number, state: string, parent: number, started: number];

/** A machine whose process table is another one at every look; the last one stays. Who was signalled, once each. */
async function killedIn(tables: readonly (readonly Entry[])[]): Promise<readonly string[]> {
  let looks = 0;
  const now = (): readonly Entry[] => tables[Math.min(looks, tables.length) - 1] ?? [];
  const killed = new Set<string>();
  const files = {
    list: async () => {
      looks += 1;
      return now().map(([pid]) => String(pid));
    },
    read: async (path: string) => {
      const entry = now().find(([pid]) => path === `/proc/${pid}/stat`);
      if (entry === undefined) throw new OutsideError("ENOENT", path);
      const [pid, state, parent, started] = entry;
      const fields = [state, parent, ...Array.from({ length: 17 }, () => 0), started];
      return new TextEncoder().encode(`${pid} (x) ${fields.join(" ")} 0`);
    },
  };
  const signal = async ({ pid, started }: ProcessIdentity): Promise<boolean> => {
    const isThere = now().some((each) => each[0] === pid && String(each[3]) === started);
    if (isThere) killed.add(`${pid}@${started}`);
    return isThere;
  };
  const outside = { files, processes: { signal }, timers: { sleep: async () => undefined } };
  await killTree(outside as unknown as Outside, { pid: 100, parent: 50 });
  return [...killed].sort();
}

test("a process and all that came of it are killed, also what comes while it is looked at", async () => {
  const begun: readonly Entry[] = [
    [50, "S", 1, 1],
    [100, "S", 50, 1000],
    [101, "S", 100, 1001],
    [110, "S", 50, 1002],
  ];
  const later: readonly Entry[] = [
    [50, "S", 1, 1],
    [101, "S", 1, 1001],
    [103, "R", 101, 1003],
    [110, "S", 50, 1002],
  ];
  assert.deepEqual(await killedIn([begun, later, [[110, "S", 50, 1002]]]), ["100@1000", "101@1001", "103@1003"]);
});

test("a number that the machine gives again is another process, and its children are nobody's business", async () => {
  const begun: readonly Entry[] = [
    [100, "S", 50, 1000],
    [101, "S", 100, 1001],
    [102, "D", 100, 1002],
  ];
  const reused: readonly Entry[] = [
    [102, "D", 1, 1002],
    [101, "S", 1, 90000],
    [200, "S", 101, 90001],
  ];
  assert.deepEqual(await killedIn([begun, reused, reused, [[101, "S", 1, 90000]]]), [
    "100@1000",
    "101@1001",
    "102@1002",
  ]);
});

test("a process of that number with another parent is left alone", async () => {
  assert.deepEqual(await killedIn([[[100, "S", 51, 1000]]]), []);
});
