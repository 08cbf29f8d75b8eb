/** What this machine tells of processes that are not its children: whether they have certainly ended, and whose table that is. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { openOutside } from "./outside-node.ts";
import type { ProcessIdentity } from "./outside.ts";

const { processes } = openOutside();
const environment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
const module = new URL("./outside-node.ts", import.meta.url).href;

/** What a process, started behind these words, prints of its own `processes`. */
function asked(expression: string, ...before: readonly string[]): string {
  const script = `import { openOutside } from ${JSON.stringify(module)};
const { processes } = openOutside();
console.log(${expression});`;
  const [command, ...args] = [...before, process.execPath, "--input-type=module", "-e", script];
  return execFileSync(command, args, { encoding: "utf8", env: { ...environment, NODE_NO_WARNINGS: "1" } }).trim();
}

function can(...words: readonly string[]): boolean {
  try {
    const [command, ...args] = [...words, "true"];
    execFileSync(command, args, { stdio: "ignore", env: environment });
    return true;
  } catch {
    return false;
  }
}

const asRoot = process.getuid?.() === 0;
const own = asRoot ? [] : ["--user", "--map-current-user"];
const pids = ["unshare", ...own, "--pid", "--fork", "--kill-child=KILL"];

test("a process has ended when the kernel has it no more, or another one by its number", async () => {
  assert.equal(await processes.hasEnded(processes.self), false);
  assert.equal(await processes.hasEnded({ ...processes.self, started: "1" }), true);
  const child = await processes.start({ command: "sleep", args: ["1000"], environment, output: "none" });
  assert.equal(await processes.hasEnded(child.identity), false);
  await processes.signal(child.identity, "SIGKILL");
  await child.ended;
  assert.equal(await processes.hasEnded(child.identity), true);
});

test("a process of somebody else has not ended", { skip: asRoot ? false : "only root can be somebody else" }, () => {
  const me: ProcessIdentity = processes.self;
  const other = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
  const ended = `await processes.hasEnded(${JSON.stringify(me)})`;
  assert.equal(asked(ended, ...other), "false");
  // A /proc that hides it: proc(5), hidepid.
  const hidden = 'mount -t proc -o hidepid=2 proc /proc && exec "$@"';
  const behind = ["unshare", "--mount", "--propagation", "private", "sh", "-c", hidden, "sh", ...other];
  assert.equal(asked(`await processes.isAlive(${JSON.stringify(me)})`, ...behind), "false", "it is hidden");
  assert.equal(asked(ended, ...behind), "false");
});

test("processes that see one table have one name for it", () => {
  assert.match(processes.table ?? "", /^[-0-9a-f]{36} pid:\[\d+\] time:\[\d*\]$/);
  assert.equal(asked("processes.table", "env"), processes.table);
});

test("another PID namespace is another table, and one without a /proc of its own has no name", {
  skip: can(...pids, "--mount-proc") ? false : "the kernel refuses PID namespaces",
}, () => {
  const inside = asked("processes.table", ...pids, "--mount-proc");
  assert.match(inside, /^[-0-9a-f]{36} pid:/);
  assert.notEqual(inside, processes.table);
  assert.equal(asked("processes.table", ...pids), "undefined");
});

const times = ["unshare", ...own, "--time", "--boottime", "1000", "--fork"];

test("another time namespace is another table: it shows other start times", {
  skip: can(...times) ? false : "the kernel refuses time namespaces",
}, () => {
  const inside = asked("processes.table", ...times);
  assert.notEqual(inside, processes.table);
  assert.equal(inside.split(" time:")[0], processes.table?.split(" time:")[0]);
});

test("a program that reads to the end of its input goes on when that was closed", async () => {
  const child = await processes.start({ command: "cat", args: [], environment, output: "lines", input: true });
  const lines: string[] = [];
  child.onLine((line) => lines.push(line));
  child.tell("one");
  child.tell("two");
  child.endInput();
  assert.deepEqual(await child.ended, { code: 0 });
  assert.deepEqual(lines, ["one", "two"]);
});

test("a process that raised its priority gives none of it to what it starts", {
  skip: asRoot ? false : "only root may raise a priority",
}, async () => {
  const raising = new URL("./outside-node-processes.ts", import.meta.url).href;
  const script = `import { raisePriority } from ${JSON.stringify(raising)};
import { openOutside } from ${JSON.stringify(module)};
import { getPriority } from "node:os";
raisePriority(-7);
const child = await openOutside().processes.start({ command: "sleep", args: ["1000"], environment: {}, output: "none" });
console.log(getPriority(), getPriority(child.identity.pid));
process.kill(child.identity.pid);`;
  const args = ["--input-type=module", "-e", script];
  // A session of its own: where the kernel schedules by sessions, this test's would be raised with it.
  const how = { environment: { ...environment, NODE_NO_WARNINGS: "1" }, output: "lines", detached: true } as const;
  const child = await processes.start({ command: process.execPath, args, ...how });
  const line = await new Promise((resolve) => child.onLine(resolve));
  assert.equal(line, "-7 0");
});
