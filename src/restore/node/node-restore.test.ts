import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryFiles, outsideOf } from "../../../test/crash-points/example-cluster.ts";
import { commit, makeNode, nodeData, stage, wordsOf } from "../../../test/crash-points/example-node.ts";
import { failingAt } from "../../../test/faults/failing-files.ts";
import { Failure } from "../../base/errors.ts";
import { type Files, OutsideError } from "../../base/outside.ts";
import { buildKey, findKey, findValue, type Key, valueOf } from "../../tree/key.ts";
import { dword, dwordOf, multiSz, sz, textOf } from "../../tree/value.ts";
import { keepRules, keysNotToRestorePath, mergedKey, withKept } from "./kept-keys.ts";
import { planNodeRestore, type NodeRestoreFacts } from "./plan.ts";
import { discardNodeRestore } from "./commit.ts";
import { stagedRestore } from "./record.ts";
import { openStaging } from "./stage.ts";

const changing = ["link", "rename", "unlink", "makeFolder", "removeFolder", "syncFolder"] as const;

const key = (name: string, values: Parameters<typeof buildKey>[0]["values"], children: Key[] = []): Key =>
  buildKey({ name, lastWritten: 1n, values: values ?? [], children });
const under = (path: string, child: Key): Key =>
  path
    .split("\\")
    .toReversed()
    .reduce((below, name) => key(name, [], [below]), child);

function systemOf(entries: readonly string[], more: Key[] = []): Key {
  const lists = key("KeysNotToRestore", [multiSz("App", entries)]);
  const path = keysNotToRestorePath.split("\\").slice(1, -1).join("\\");
  return key("SYSTEM", [], [key("CurrentControlSet", [], [under(path, lists), ...more].reduce(merged, [] as Key[]))]);
}

/** Two chains that begin with the same key become one. */
function merged(all: Key[], one: Key): Key[] {
  const same = all.findIndex(({ name }) => name === one.name);
  const found = all[same];
  return found === undefined ? [...all, one] : all.with(same, mergedKey(one, found));
}

test("the rules are the union of both hives; entries are below SYSTEM unless they begin with a hive", () => {
  const rules = keepRules(
    systemOf(["A\\B\\", "CurrentControlSet\\Services\\*"]),
    systemOf(["SOFTWARE\\X\\Value", "a\\b\\"]),
    ["SOFTWARE", "SYSTEM"],
  );
  assert.deepEqual(
    rules.map(({ kind, hive, path }) => [kind, hive, path]),
    [
      ["subtree", "SYSTEM", "a\\b"],
      ["merge", "SYSTEM", "CurrentControlSet\\Services"],
      ["value", "SOFTWARE", "X"],
      ["value", "SYSTEM", "CurrentControlSet\\Control\\Session Manager"],
    ],
  );
});

test("a subtree is the live one, a value too, and a merge takes the lower start", () => {
  const live = key(
    "SYSTEM",
    [],
    [
      key("Tree", [sz("Of", "live")], [key("OnlyLive", [])]),
      key("Values", [sz("Kept", "live"), sz("Other", "live")]),
      key(
        "Services",
        [],
        [
          key("Same", [dword("Start", 3), sz("From", "live")]),
          key("Lower", [dword("Start", 1), sz("From", "live")]),
          key("NoStart", [dword("Start", 4), sz("From", "live")]),
          key("OnlyLive", [sz("From", "live")]),
        ],
      ),
    ],
  );
  const restored = key(
    "SYSTEM",
    [],
    [
      key("Tree", [sz("Of", "set")], [key("OnlySet", [])]),
      key("Values", [sz("Kept", "set"), sz("Other", "set")]),
      key(
        "Services",
        [],
        [
          key("Same", [dword("Start", 3), sz("From", "set")]),
          key("Lower", [dword("Start", 2), sz("From", "set")]),
          key("NoStart", [sz("From", "set")]),
          key("OnlySet", [sz("From", "set")]),
        ],
      ),
    ],
  );
  const kept = withKept(
    live,
    restored,
    "SYSTEM",
    [
      { kind: "subtree", hive: "SYSTEM", path: "Tree" },
      { kind: "value", hive: "SYSTEM", path: "Values", name: "Kept" },
      { kind: "merge", hive: "SYSTEM", path: "Services" },
    ],
    2n,
  );
  const text = (path: string, name: string): string | undefined => textOf(findValue(kept, path, name));
  assert.equal(text("Tree", "Of"), "live");
  assert.ok(findKey(kept, "Tree\\OnlyLive") !== undefined && findKey(kept, "Tree\\OnlySet") === undefined);
  assert.deepEqual([text("Values", "Kept"), text("Values", "Other")], ["live", "set"]);
  const from = ["Same", "Lower", "NoStart", "OnlyLive", "OnlySet"].map((name) => text(`Services\\${name}`, "From"));
  assert.deepEqual(from, ["set", "live", "live", "live", "set"]);
  assert.equal(dwordOf(valueOf(findKey(kept, "Services\\Lower") ?? live, "Start")), 1);
  assert.equal(withKept(live, restored, "SOFTWARE", [{ kind: "subtree", hive: "SYSTEM", path: "Tree" }], 2n), restored);
});

const facts: NodeRestoreFacts = {
  set: {
    path: "/set",
    digest: "d",
    time: 0,
    node: { id: "1", name: "n1" },
    cluster: { name: "TOWER", instance: "i" },
    clusDb: { tag: { generation: 2, epoch: 1, sequence: 5 }, lineage: "l2" },
    files: ["node.json", "ClusDb", "registry/SOFTWARE"].map((name) => ({ name, size: 1 })),
    damage: [],
  },
  data: "/data",
  live: { state: "none" },
  service: { state: "stopped", evidence: "its service does not run" },
  elsewhere: undefined,
  hives: [],
  waits: undefined,
  quorum: { state: "readable", instance: "i", generation: 2, lineage: "l2", memberName: "n1" },
  place: "/q",
};

test("a plan names what is staged; who is another node, another cluster, evicted or runs elsewhere is refused", () => {
  const plan = planNodeRestore(facts);
  assert.deepEqual([plan.blockers, plan.files, plan.staged], [[], ["node.json", "ClusDb", "registry/SOFTWARE"], false]);
  const live = { state: "node", id: "1", name: "n1", instance: "i" } as const;
  assert.deepEqual(
    planNodeRestore({ ...facts, live }).files,
    ["ClusDb", "registry/SOFTWARE"],
    "a record that is good stays",
  );
  const blockers = (change: Partial<NodeRestoreFacts>): string[] =>
    planNodeRestore({ ...facts, ...change }).blockers.map(({ name }) => name);
  assert.deepEqual(blockers({ live: { ...live, id: "2" } }), ["REFUSED_FOR_SAFETY"]);
  assert.deepEqual(blockers({ live: { ...live, instance: "other" } }), ["CLUSTER_INSTANCE_ID_MISMATCH"]);
  const quorum = { state: "readable", instance: "i", generation: 2, lineage: "l2", memberName: "n1" } as const;
  assert.deepEqual(blockers({ quorum: { ...quorum, instance: "x" } }), ["CLUSTER_INSTANCE_ID_MISMATCH"]);
  assert.deepEqual(blockers({ quorum: { ...quorum, memberName: undefined } }), ["CLUSTER_NODE_NOT_MEMBER"]);
  assert.deepEqual(blockers({ elsewhere: "/b/run/rpc.sock: its service answers" }), ["CLUSTER_NODE_UP"]);
  assert.deepEqual(blockers({ set: { ...facts.set, damage: ["ClusDb: torn"] } }), ["DATABASE_BACKUP_CORRUPT"]);
  const older = planNodeRestore({ ...facts, quorum: { ...quorum, generation: 1 } });
  assert.ok(!older.files.includes("ClusDb") && older.warnings.length === 1, "a copy newer than the quorum stays out");
  const otherHistory = planNodeRestore({ ...facts, quorum: { ...quorum, lineage: "l3" } });
  assert.ok(!otherHistory.files.includes("ClusDb"));
});

test("one at a time; a staged one is discarded or stands in the way; names outside are refused", async () => {
  const { files } = memoryFiles();
  await makeNode(files, "new");
  const first = await openStaging(outsideOf(files), nodeData);
  await assert.rejects(openStaging(outsideOf(files, 2), nodeData), named("BUSY"));
  assert.equal(await commit(files), undefined, "a start does not wait for somebody who stages");
  for (const name of ["../x", "registry/../../x", "registry/.lock", "keys/x", "run/x", "node.json/x"])
    await assert.rejects(first.put(name, new Uint8Array()), named("INVALID_NAME"));
  await first.close();
  await stage(files, "old", 3);
  await assert.rejects(openStaging(outsideOf(files, 4), nodeData), named("INVALID_STATE"));
  assert.ok(await discardNodeRestore(outsideOf(files), nodeData));
  assert.equal(await discardNodeRestore(outsideOf(files), nodeData), false);
  assert.equal(await commit(files), undefined);
  assert.deepEqual(await wordsOf(files), { word: "new", mine: "new" });
});

test("cluster keys of the set are added to those that the node got since; damaged ones of the node give way", async () => {
  const ring = (...ids: readonly string[]): Uint8Array => {
    const keys = ids.map((id) => ({ id: id.repeat(16), secret: id.repeat(64) }));
    return new TextEncoder().encode(`${JSON.stringify({ format: 1, keys })}\n`);
  };
  const path = `${nodeData}/cluster-keys.json`;
  const restored = async (live: Uint8Array | undefined, staged: Uint8Array): Promise<[string, number, string]> => {
    const { files } = memoryFiles();
    await makeNode(files, "new");
    if (live !== undefined) await write(files, path, live);
    const staging = await openStaging(outsideOf(files), nodeData);
    await staging.put("cluster-keys.json", staged);
    await staging.decide({ set: { path: "/set", digest: "d", node: { id: "1", name: "n1" }, tag: undefined } });
    await staging.close();
    const result = await commit(files);
    const bytes = await files.read(path);
    const mode = ((await files.stat(path))?.mode ?? 0) & 0o777;
    const { keys } = JSON.parse(new TextDecoder().decode(bytes)) as { keys: readonly { id: string }[] };
    return [keys.map(({ id }) => id[0]).join(""), mode, `${result?.outcome} ${result?.notes.length}`];
  };
  assert.deepEqual(await restored(undefined, ring("a", "b")), ["ab", 0o600, "committed 0"]);
  assert.deepEqual(await restored(ring("b", "c"), ring("a", "b")), ["abc", 0o600, "committed 0"], "the newest stays");
  assert.deepEqual(await restored(Uint8Array.of(1), ring("a")), ["a", 0o600, "committed 1"]);
  const [kept, , outcome] = await restored(ring("c"), Uint8Array.of(1));
  assert.deepEqual([kept, outcome], ["c", "abandoned 0"]);
});

async function write(files: Files, path: string, bytes: Uint8Array): Promise<void> {
  const handle = await files.open(path, "create", 0o600);
  await handle.write(bytes, 0);
  await handle.close();
}

test("a staged file that was damaged abandons the restore; a registry that is open lets it wait", async () => {
  const { files } = memoryFiles();
  await makeNode(files, "new");
  const id = await stage(files, "old");
  const lock = await files.open(`${nodeData}/registry/.lock`, "append");
  assert.ok(await lock.lock());
  await assert.rejects(commit(files), named("BUSY"));
  await lock.close();
  const handle = await files.open(`${nodeData}/node-restore/new-${id}/ClusDb`, "append");
  await handle.write(Uint8Array.of(1));
  await handle.close();
  const result = await commit(files);
  assert.equal(result?.outcome, "abandoned");
  assert.deepEqual(await wordsOf(files), { word: "new", mine: "new" });
  assert.equal(await stagedRestore(files, nodeData), undefined);
});

test("every call that fails while staging changes nothing; while committing, the next start goes on", async () => {
  for (const code of ["ENOSPC", "EACCES", "EIO"]) {
    for (let at = 0, failed = true; failed; at++) {
      const { files } = memoryFiles();
      await makeNode(files, "new");
      const faulty = failingAt(files, { among: changing, at, code });
      await stage(faulty.files, "old").catch((error: unknown) =>
        assert.ok(error instanceof OutsideError || error instanceof Failure),
      );
      failed = faulty.hasFailed();
      assert.deepEqual(await wordsOf(files), { word: "new", mine: "new" });
      const result = await commit(files);
      assert.equal((await wordsOf(files)).word, result === undefined ? "new" : "old");
    }
    for (let at = 0, failed = true; failed; at++) {
      const { files } = memoryFiles();
      await makeNode(files, "new");
      await stage(files, "old");
      const faulty = failingAt(files, { among: changing, at, code });
      await commit(faulty.files).catch(() => undefined);
      failed = faulty.hasFailed();
      await commit(files);
      assert.equal((await wordsOf(files)).word, "old", `${code} at ${at}`);
    }
  }
});

function named(name: string): (error: unknown) => boolean {
  return (error) => error instanceof Failure && error.name === name;
}
