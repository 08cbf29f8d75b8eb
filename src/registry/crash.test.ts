/**
 * Every change of a file in every operation fails once, and is where the process dies once; the registry is before or after, never
 * neither.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { openOutside } from "../base/outside-node.ts";
import { writeHive } from "../hive/write.ts";
import { applyEdits, type Edit } from "../tree/edit.ts";
import { emptyKey, findKey, findValue } from "../tree/key.ts";
import { binary, dword, dwordOf } from "../tree/value.ts";
import { withFault, type Fault } from "./faulty-files.ts";
import { openRegistry, type Registry } from "./registry.ts";

const real = openOutside();
const foldBeyond = 3000;

interface Operation {
  readonly name: string;
  readonly run: (registry: Registry) => Promise<void>;
  /** Which state the registry is in: before, after, or the fault that is looked for. */
  readonly state: (registry: Registry) => string;
}

function both(number: number, padding = 0): Edit[] {
  const edits: Edit[] = ["A", "B"].map((key) => ({
    kind: "set-value",
    path: `SOFTWARE\\${key}`,
    value: dword("n", number),
  }));
  if (padding > 0)
    edits.push({ kind: "set-value", path: "SOFTWARE\\P", value: binary("p", new Uint8Array(padding).fill(number)) });
  return edits;
}

function pairState(registry: Registry): string {
  const numbers = ["A", "B"].map((key) => dwordOf(findValue(registry.root(), `SOFTWARE\\${key}`, "n")));
  return numbers[0] === 1 && numbers[1] === 1
    ? "before"
    : numbers[0] === 2 && numbers[1] === 2
      ? "after"
      : `neither: ${numbers.join()}`;
}

function loadedState(present: string, absent: string): (registry: Registry) => string {
  return (registry) => {
    const number = dwordOf(findValue(registry.root(), "Extra\\K", "n"));
    if (findKey(registry.root(), "Extra") === undefined) return absent;
    return number === 5 ? present : `neither: ${number}`;
  };
}

const extra = writeHive(applyEdits(emptyKey("R", 1n), [{ kind: "set-value", path: "K", value: dword("n", 5) }], 1n), {
  time: 1n,
});

const operations: readonly Operation[] = [
  { name: "a transaction", run: (registry) => registry.transact(both(2)), state: pairState },
  {
    name: "a transaction and its fold at close",
    run: (registry) => registry.transact(both(2)).then(() => registry.close()),
    state: pairState,
  },
  {
    name: "a transaction that becomes an image",
    run: (registry) => registry.transact(both(2, 5000)),
    state: pairState,
  },
  { name: "loading a hive", run: (registry) => registry.load("Extra", extra), state: loadedState("after", "before") },
];
const unloading: Operation = {
  name: "unloading a hive",
  run: (registry) => registry.unload("Extra"),
  state: loadedState("before", "after"),
};

async function prepare(t: TestContext, operation: Operation): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "registry-crash-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const registry = await openRegistry(real, folder, { foldBeyond });
  await registry.transact(both(1));
  if (operation === unloading) await registry.load("Extra", extra);
  await registry.close();
  return folder;
}

/** Runs with the fault and tells how many changes there were, whether it was acknowledged, and what a new opening finds. */
async function attempt(
  t: TestContext,
  operation: Operation,
  how: Fault["how"],
  at: number,
): Promise<{ count: number; outcome: string; state: string }> {
  const folder = await prepare(t, operation);
  const { outside, count } = withFault(real, { at: 0, how });
  const base = await openRegistry(outside, folder, { foldBeyond });
  const before = count();
  await base.close();
  const faulty = withFault(real, { at: at === 0 ? 0 : before + at, how });
  const registry = await openRegistry(faulty.outside, folder, { foldBeyond });
  const outcome = await operation.run(registry).then(
    () => "done",
    (error: unknown) => (error as Error).name,
  );
  const total = faulty.count() - before;
  if (how !== "crash" && at > 0) await checkAlive(registry, operation, outcome);
  await registry.close().catch(() => undefined);
  const again = await openRegistry(real, folder, { foldBeyond });
  const state = operation.state(again);
  await again.close();
  return { count: total, outcome, state };
}

/** After one failed write the registry goes on, and shows what a later opening will find. */
async function checkAlive(registry: Registry, operation: Operation, outcome: string): Promise<void> {
  const closed = await registry.transact([{ kind: "set-value", path: "SOFTWARE\\Next", value: dword("n", 1) }]).then(
    () => false,
    (error: unknown) => (error as Error).name === "INVALID_HANDLE",
  );
  if (closed) return;
  assert.equal(dwordOf(findValue(registry.root(), "SOFTWARE\\Next", "n")), 1);
  if (outcome === "done") assert.equal(operation.state(registry), "after");
}

for (const operation of [...operations, unloading]) {
  for (const how of ["fail", "fail-after", "crash"] as const) {
    test(`${operation.name}, ${how} at every change of a file`, async (t) => {
      const whole = await attempt(t, operation, how, 0);
      assert.deepEqual([whole.outcome, whole.state], ["done", "after"]);
      assert.ok(whole.count >= 2, `${whole.count} changes`);
      for (let at = 1; at <= whole.count; at++) {
        const { outcome, state } = await attempt(t, operation, how, at);
        assert.match(state, /^(before|after)$/, `at ${at}`);
        if (outcome === "done") assert.equal(state, "after", `acknowledged at ${at}`);
      }
    });
  }
}
