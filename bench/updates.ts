/**
 * Updates as a leader orders them (conditions checked, applied, written to the quorum, acknowledged) with 1 and 64 writers: on a quorum
 * folder beside writing and fsyncing as many bytes, on etcd beside plain puts of as many bytes by the same client.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newGuid } from "../src/base/guid.ts";
import { openOutside } from "../src/base/outside-node.ts";
import { encodeUpdate } from "../src/database/update-codec.ts";
import type { Update } from "../src/database/update.ts";
import { initialDatabase } from "../src/database/initial-database.ts";
import { etcdPlaceOf, etcdProgram, makeEtcdMembers } from "../src/daemon/demo/etcd-members.ts";
import { imageOf } from "../src/membership/copy-image.ts";
import { UpdateOrder } from "../src/membership/update-order.ts";
import type { EtcdClient } from "../src/quorum/etcd/client.ts";
import { connectEtcd } from "../src/quorum/etcd/connect.ts";
import { parseEtcdPlace } from "../src/quorum/etcd/place.ts";
import { openQuorum } from "../src/quorum/open.ts";
import { firstTag } from "../src/quorum/tag.ts";
import { sz } from "../src/tree/value.ts";
import { many } from "./api.ts";
import { quantile, type Row, row } from "./measure.ts";

const outside = openOutside();
const guid = (): string => newGuid(outside.random);
const writers = [1, 64] as const;
/** Of each side and run. */
const countOf = { disk: { 1: 400, 64: 6400 }, etcd: { 1: 150, 64: 3200 } } as const;

type Say = (line: string) => void;
type Samples = Map<string, number[]>;

export async function benchUpdates(runs: number, say: Say): Promise<readonly Row[]> {
  const rows = await onDisk(runs, say);
  if (etcdProgram === undefined) {
    say("NOT MEASURED on etcd: it is not installed (Debian: etcd-server)");
    return rows;
  }
  return [...rows, ...(await onEtcd(runs, say))];
}

async function onDisk(runs: number, say: Say): Promise<readonly Row[]> {
  const samples: Samples = new Map();
  for (let run = 0; run < runs; run++) {
    const folder = mkdtempSync(join(tmpdir(), "clubar-bench-updates-"));
    try {
      const floor = await outside.files.open(join(folder, "floor"), "append");
      const bytes = encodeUpdate(update());
      await measure(samples, "floor", 1, countOf.disk[1], async () => {
        await floor.write(bytes);
        await floor.sync();
      });
      await floor.close();
      await updatesOn(samples, join(folder, "quorum"), folder, countOf.disk);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    say(`disk, run ${run + 1} of ${runs}`);
  }
  return rowsOf(
    samples,
    "disk",
    (name) => (name === "floor" ? "write + fsync" : undefined),
    () => "floor 1",
  );
}

async function onEtcd(runs: number, say: Say): Promise<readonly Row[]> {
  const samples: Samples = new Map();
  const folder = mkdtempSync(join(tmpdir(), "clubar-bench-updates-"));
  mkdirSync(join(folder, "etcd"));
  const members = await makeEtcdMembers(join(folder, "etcd"), 3, { heartbeat: 100, election: 1000 });
  try {
    for (const member of members) member.start();
    const place = etcdPlaceOf(members);
    const client = await connectEtcd(outside.files, parseEtcdPlace(place));
    for (;;)
      if (
        await client.txn({ does: [{ get: "ready" }] }).then(
          () => true,
          () => false,
        )
      )
        break;
    const value = encodeUpdate(update());
    for (let run = 0; run < runs; run++) {
      for (const count of writers)
        await measure(samples, "put", count, countOf.etcd[count], (index) => put(client, value, index));
      await updatesOn(samples, `${place}${place.includes("?") ? "&" : "?"}prefix=/bench/${run}`, folder, countOf.etcd);
      say(`etcd, run ${run + 1} of ${runs}`);
    }
    client.close();
  } finally {
    for (const member of members) await member.kill();
    rmSync(folder, { recursive: true, force: true });
  }
  return rowsOf(
    samples,
    "etcd",
    (name) => (name === "put" ? "plain put" : undefined),
    (count) => `put ${count}`,
  );
}

async function put(client: EtcdClient, value: Uint8Array, index: number): Promise<void> {
  await client.txn({ does: [{ put: `raw/${index % 1000}`, value }] });
}

async function updatesOn(
  samples: Samples,
  place: string,
  data: string,
  counts: Readonly<Record<1 | 64, number>>,
): Promise<void> {
  const names = { clusterName: "BENCH", instance: guid(), nodeId: "1", nodeName: "A" };
  const tree = initialDatabase({ ...names, time: 0n, newGuid: guid });
  const quorum = await openQuorum(outside, place, { data });
  await quorum.create({ name: "BENCH", instance: guid(), generation: 1, lineage: guid() }, imageOf(tree, firstTag, 0));
  const who = { node: "1", incarnation: guid(), endpoint: "none", hostEndpoint: "none" };
  const leadership = await quorum.claim(0, who);
  if (leadership === undefined) throw new Error("somebody else took the epoch");
  const tag = { ...firstTag, epoch: leadership.epoch, sequence: 1 };
  await leadership.takeOver(() => imageOf(tree, tag, 0));
  const order = new UpdateOrder(
    { leadership, tree, tag },
    { clock: outside.clock, logSizeMax: () => 2 ** 30, imageOf: (now, at) => Promise.resolve(imageOf(now, at, 0)) },
    { committed: () => undefined, lost: (why) => process.stderr.write(`${why}\n`) },
  );
  for (const count of writers) {
    await measure(samples, "update", count, counts[count], async (index) => {
      const { outcome } = await order.submit(update(index));
      if (outcome !== "applied") throw new Error(outcome);
    });
  }
  await leadership.resign();
}

/** What a person's change of a property looks like. */
function update(index = 0): Update {
  return {
    requestId: guid(),
    conditions: [],
    edits: [
      {
        kind: "set-value",
        path: "Resources\\0a3c\\Parameters",
        value: sz("CommandLine", `/usr/sbin/nginx -g ${index}`),
      },
    ],
    because: "A parameter of a resource is set.",
  };
}

/** Adds the rate a second, the median and the 99th of 100 of one run. */
async function measure(
  samples: Samples,
  name: string,
  together: number,
  count: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  const begun = performance.now();
  const took = await many(count, together, work);
  const seconds = (performance.now() - begun) / 1000;
  const add = (what: string, value: number): void => {
    const key = `${name} ${together} ${what}`;
    samples.set(key, [...(samples.get(key) ?? []), value]);
  };
  add("rate", count / seconds);
  add("p50", quantile(took, 0.5));
  add("p99", quantile(took, 0.99));
}

/** `floorOf`: beside which samples a number of writers is put. */
function rowsOf(
  samples: Samples,
  where: string,
  nameOf: (name: string) => string | undefined,
  floorOf: (count: number) => string,
): readonly Row[] {
  const rows: Row[] = [];
  for (const [key, values] of samples) {
    const [name = "", count = "", what = ""] = key.split(" ");
    const floor = samples.get(`${floorOf(Number(count))} ${what}`);
    const one = row(
      "updates",
      `${where}, ${nameOf(name) ?? "updates"}, ${count} writer${count === "1" ? "" : "s"}: ${what === "rate" ? "rate" : what}`,
      what === "rate" ? "/s" : "ms",
      values,
    );
    const beside = floor === undefined || name !== "update" ? undefined : row("", "", "", floor).median;
    rows.push(
      beside === undefined
        ? one
        : { ...one, note: `${(one.median / beside).toFixed(2)} × ${nameOf(floorOf(1).split(" ")[0] ?? "") ?? ""}` },
    );
  }
  return rows;
}
