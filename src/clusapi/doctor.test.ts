/** The doctor's looks, on a simulated disk: what each state of the folders becomes, and that nothing is changed by looking. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { contentsOf, example, identity, memoryFiles, outsideOf } from "../../test/crash-points/example-cluster.ts";
import { makeQuorum, makeSet, place } from "../../test/crash-points/example-quorum.ts";
import { listBackups } from "../backup/backup.ts";
import { fail } from "../base/errors.ts";
import { type Files, type Outside, OutsideError } from "../base/outside.ts";
import { encodeClusDb } from "../membership/clusdb-copy.ts";
import { openRegistry } from "../registry/registry.ts";
import type { Diagnosis } from "../recovery/doctor.ts";
import { applyEdits, type Edit } from "../tree/edit.ts";
import { sz } from "../tree/value.ts";
import { examineNode } from "./doctor.ts";
import { lookAtMounts } from "./doctor-look.ts";
import { writeNodeRecord } from "./node-record.ts";

const data = "/data";

async function write(files: Files, path: string, bytes: Uint8Array | string): Promise<void> {
  if ((await files.stat(path)) !== undefined) await files.unlink(path);
  const handle = await files.open(path, "create");
  await handle.write(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes, 0);
  await handle.close();
}

/** A node that was stopped in order: record, copy, registry, quorum, a backup. */
async function node(files: Files): Promise<void> {
  await files.makeFolder("/shared");
  await makeQuorum(files, example("one"), 9);
  await makeSet(files, example("one"), 9);
  const { instance, name: cluster, lineage } = identity;
  const record = { node: "1", name: "n1", cluster, instance, quorum: place, insist: false, timingFactor: 1 } as const;
  await writeNodeRecord(files, data, { version: 1, ...record });
  const endpoint = sz("Endpoint", "/data2/run/rpc.sock");
  const tree = applyEdits(example("one").tree, [{ kind: "set-value", path: "Nodes\\2", value: endpoint }], 9n);
  const copy = encodeClusDb({ tree, tag: { generation: 1, epoch: 0, sequence: 9 }, lineage }, 1);
  await write(files, `${data}/ClusDb`, copy);
  await files.makeFolder("/data2");
  await write(files, "/data2/ClusDb", copy);
  await write(files, "/data2/node.json", `${JSON.stringify({ version: 1, ...record, node: "2", name: "n2" })}\n`);
  const registry = await openRegistry(outsideFor(files), `${data}/registry`);
  await registry.close();
}

function outsideFor(files: Files): Outside {
  const refuse = (): Promise<never> => Promise.reject(new OutsideError("ECONNREFUSED", "nobody listens"));
  const nobody = { net: { connect: refuse, listen: refuse }, timers: { sleep: () => Promise.resolve() } };
  return { ...outsideOf(files), ...nobody } as unknown as Outside;
}

async function examine(files: Files, backups = "/backups"): Promise<Diagnosis> {
  const before = await contentsOf(files, "/");
  const notActive = fail("SERVICE_NOT_ACTIVE", { happened: "No clubar service runs for /data." });
  const found = await examineNode({
    outside: outsideFor(files),
    data,
    command: "clubar",
    ask: () => Promise.reject(notActive),
    freeBytes: () => Promise.resolve(2 ** 40),
    backups,
  });
  assert.deepEqual(await contentsOf(files, "/"), before, "looking changes nothing");
  return found;
}

const problems = ({ findings }: Diagnosis): string[] =>
  findings.filter(({ level }) => level === "problem").map(({ id }) => id);

test("a node that is only stopped: start it; its backup is known", async () => {
  const { files } = memoryFiles();
  await node(files);
  const found = await examine(files);
  assert.deepEqual([problems(found), found.exit], [["service"], 11]);
  assert.equal(found.next[0]?.command, "clubar service");
  assert.equal(found.restore.needed, "no");
  assert.ok(found.findings.some(({ id, level }) => id === "backup" && level === "ok"));
  assert.ok(found.findings.some(({ id, sentence }) => id === "node-stopped" && /n2/.test(sentence)));
});

test("the set that was restored last is known, and a forced quorum names none", async () => {
  const { files } = memoryFiles();
  await node(files);
  await files.makeFolder(`${data}/restore`);
  const [set] = await listBackups({ files }, "/backups");
  const known = async (path: string): Promise<string | undefined> => {
    const result = { format: 1, outcome: "restored", sentence: "", set: path, notes: [] };
    await write(files, `${data}/restore/result.json`, JSON.stringify(result));
    return (await examine(files, "/nothing")).findings.find(({ id }) => id.startsWith("backup"))?.id;
  };
  assert.equal(await known(set?.path ?? ""), "backup");
  assert.equal(await known("/data2/ClusDb"), "backup-none");
  assert.equal(await known("/gone"), "backup-none");
});

test("what is damaged on disk is found, each by its name", async () => {
  const states: Record<
    string,
    { readonly spoil: (files: Files) => Promise<void>; readonly id: string; readonly exit: number }
  > = {
    "a quorum that is gone": {
      spoil: (files) => files.rename(place, "/shared/elsewhere"),
      id: "quorum",
      exit: 6,
    },
    "a checkpoint file that is gone": {
      spoil: async (files) => {
        const generation = `${place}/generation/1-${identity.lineage}`;
        const folder = (await files.list(generation)).find((name) => name.startsWith("{bbbbbbbb"));
        await files.unlink(`${generation}/${folder}/00000002.CPT`);
      },
      id: "checkpoint-lost",
      exit: 11,
    },
    "a hive that is damaged": {
      spoil: (files) => write(files, `${data}/registry/SOFTWARE`, "no hive"),
      id: "registry",
      exit: 5,
    },
    "a record that is damaged": { spoil: (files) => write(files, `${data}/node.json`, "{"), id: "record", exit: 5 },
    "a restore whose record is torn": {
      spoil: async (files) => {
        await files.makeFolder(`${data}/restore`);
        await write(files, `${data}/restore/plan.json`, "{");
      },
      id: "restore-record",
      exit: 5,
    },
    "a quorum that went back": {
      spoil: async (files) => {
        const tag = { generation: 3, epoch: 1, sequence: 90 };
        await write(files, "/data2/ClusDb", encodeClusDb({ tree: example("two").tree, tag, lineage: "l" }, 1));
      },
      id: "quorum-behind",
      exit: 5,
    },
  };
  for (const [what, { spoil, id, exit }] of Object.entries(states)) {
    const { files } = memoryFiles();
    await node(files);
    await spoil(files);
    const found = await examine(files);
    assert.ok(problems(found).includes(id), `${what}: ${problems(found).join()}`);
    assert.equal(found.exit, exit, what);
  }
});

test("an empty folder, and one that is not there", async () => {
  const { files } = memoryFiles();
  const found = await examine(files);
  assert.deepEqual([problems(found), found.exit, found.newest], [["record"], 8, null]);
});

test("who can't let go of disks is told where the machine's mounts are private", async () => {
  const { files } = memoryFiles();
  const add = (id: string, type: string): readonly Edit[] => [
    { kind: "set-value", path: `Resources\\${id}`, value: sz("Name", id) },
    { kind: "set-value", path: `Resources\\${id}`, value: sz("Type", type) },
    { kind: "set-value", path: `Resources\\${id}\\Parameters`, value: sz("OcfAgent", `ocf:heartbeat:${id}`) },
  ];
  const edits = [...add("Disk", "Physical Disk"), ...add("Filesystem", "OCF Agent"), ...add("IPaddr2", "OCF Agent")];
  const tree = applyEdits(example("one").tree, edits, 9n);
  const service = { state: "answers", role: "member", because: "", waits: [], containment: "cgroup" } as const;
  const stopped = { state: "stopped", evidence: "" } as const;
  const root = "22 1 254:0 / / rw,relatime";
  await files.makeFolder("/proc/self");
  await write(files, "/proc/self/mountinfo", `${root} - ext4 /dev/root rw\n`);
  const kept = ["Disk (Physical Disk)", "Filesystem (OCF Agent)"];
  assert.deepEqual(await lookAtMounts(files, service, tree), { keptMounts: kept });
  assert.deepEqual(await lookAtMounts(files, { ...service, containment: "process-group" }, tree), {});
  assert.deepEqual(await lookAtMounts(files, stopped, tree), {});
  await write(files, "/proc/self/mountinfo", `${root} shared:1 - ext4 /dev/root rw\n`);
  assert.deepEqual(await lookAtMounts(files, service, tree), {});
});
