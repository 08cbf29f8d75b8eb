import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Caller, clubar, type Ended } from "../../test/cli/run.ts";

let folder: string;
let set: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "clubar-cli-vss-"));
  set = join(folder, "set");
  const quorum = join(folder, "quorum");
  assert.equal((await call(["cluster", "create", "TOWER", "--node", "N1", "--quorum", quorum])).exit, 0);
  assert.equal((await call(["vss", "backup", set])).exit, 0);
});
after(() => rm(folder, { recursive: true }));

function call(args: readonly string[], caller: Caller = {}, data = "n1"): Promise<Ended> {
  return clubar(args, undefined, { environment: { CLUBAR_DATA: join(folder, data) }, ...caller });
}

test("writers, providers and shadow copies are listed for a node, with or without a service", async () => {
  const writers = await call(["vss", "list", "writers"]);
  for (const word of ["Cluster Database", "Registry Writer", "STABLE", "No error", "Key Containers"])
    assert.ok(writers.out.includes(word), word);
  const told = JSON.parse((await call(["vss", "list", "writers", "--json"])).out) as readonly unknown[];
  assert.equal(told.length, 2);
  assert.match((await call(["vss", "list", "providers"])).out, /plain copy/);
  assert.match((await call(["vss", "list", "shadows"])).out, /no shadow copies/);
  assert.equal((await call(["vss", "list", "writers"], {}, "none")).exit, 8);
  assert.ok(!(await readdir(folder)).includes("none"), "a question makes no folder");
});

test("what is wrong in words ends with 2, what is not there with 8", async () => {
  for (const [args, exit] of [
    [["vss", "delete", "shadows"], 2],
    [["vss", "delete", "shadows", "x", "--all"], 2],
    [["vss", "delete", "shadows", "{00000000-0000-4000-8000-000000000001}"], 8],
    [["vss", "restore"], 2],
    [["vss", "restore", join(folder, "no")], 8],
    [["vss", "backup", set, "--node", "N9"], 8],
    [["vss", "staged", "--discard"], 8],
  ] as const) {
    const ended = await call(args);
    assert.equal(ended.exit, exit, `${args.join(" ")}: ${ended.err}`);
    assert.ok(ended.err.trimEnd().split("\n").length >= 2, ended.err);
  }
});

test("a stand-alone set says so when it is verified and inspected, and can't roll a cluster back", async () => {
  const verified = await call(["verify", set]);
  assert.equal(verified.exit, 0);
  assert.match(verified.out, /1 NOT CHECKED/);
  const inspected = await call(["inspect", set]);
  assert.match(inspected.out, /3, not running: a stand-alone server/);
  const refused = await call(["vss", "restore", set, "--authoritative", "--yes"]);
  assert.deepEqual([refused.exit, /no part for the cluster/.test(refused.err)], [2, true]);
});

test("a restore shows its plan and asks; without a terminal it refuses, and anything but y changes nothing", async () => {
  const record = await readFile(join(folder, "n1", "node.json"));
  const plan = await call(["vss", "restore", set, "--plan", "--json"]);
  const view = JSON.parse(plan.out) as { readonly lines: readonly string[]; readonly blockers: readonly unknown[] };
  assert.deepEqual([plan.exit, view.blockers], [0, []]);
  assert.equal((await call(["vss", "restore", set])).exit, 3);
  const no = await call(["vss", "restore", set], { answers: ["n"] });
  assert.equal(no.exit, 130);
  assert.ok(no.err.includes("Step 1") && no.err.includes("(y/n)"));
  assert.ok(!(await readdir(join(folder, "n1"))).includes("node-restore"));
  await writeFile(join(folder, "n1", "node.json"), "damage");
  const yes = await call(["vss", "restore", set], { answers: ["y"] });
  assert.equal(yes.exit, 0, yes.err);
  assert.match(yes.out, /files of node N1 are in place/);
  assert.deepEqual(await readFile(join(folder, "n1", "node.json")), record);
  assert.match((await call(["vss", "staged"])).out, /committed/);
});

test("--later stages; a second one waits, and discarding gives it up", async () => {
  assert.equal((await call(["vss", "restore", set, "--later", "--yes"])).exit, 0);
  assert.match((await call(["vss", "staged"])).out, /Staged/);
  assert.equal((await call(["vss", "restore", set, "--yes"])).exit, 9);
  assert.equal((await call(["vss", "staged", "--discard"])).exit, 3, "nobody can be asked");
  assert.equal((await call(["vss", "staged", "--discard", "--yes"])).exit, 0);
  assert.match((await call(["vss", "staged"])).out, /No restore of this node is staged/);
});

test("a set of another node or cluster, an other quorum for a good record: refused", async () => {
  const made = await call(["cluster", "create", "OTHER", "--node", "N2", "--quorum", join(folder, "q2")], {}, "n2");
  assert.equal(made.exit, 0);
  const wrong = await call(["vss", "restore", set, "--yes"], {}, "n2");
  assert.notEqual(wrong.exit, 0);
  assert.match(wrong.err, /instance/);
  assert.equal((await call(["vss", "restore", set, "--quorum", join(folder, "q3"), "--yes"])).exit, 2);
});
