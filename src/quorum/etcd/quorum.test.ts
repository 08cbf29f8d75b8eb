import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { testQuorum } from "../../../test/conformance/quorum.ts";
import { openOutside } from "../../base/outside-node.ts";
import { type EtcdMember, etcdPlaceOf, etcdProgram, makeEtcdMembers } from "../../daemon/demo/etcd-members.ts";
import type { EtcdClient } from "./client.ts";
import { connectEtcd } from "./connect.ts";
import { buildGeneration, switchGeneration } from "./generation.ts";
import { parseEtcdPlace } from "./place.ts";
import { openEtcdQuorum } from "./quorum.ts";

const skip = etcdProgram === undefined ? "there is no etcd on this machine (Debian: etcd-server)" : false;

describe("a real etcd", { skip }, () => {
  const { random, files } = openOutside();
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "clubar-etcd-"));
  const key = { id: "k", secret: new Uint8Array(32).fill(7) };
  const keys = { begin: async () => undefined, newest: async () => key, find: async () => key };
  let members: readonly EtcdMember[] = [];
  let client: EtcdClient;
  let number = 0;
  before(async () => {
    members = await makeEtcdMembers(folder, 1, { heartbeat: 10, election: 50 }, ["--unsafe-no-fsync"]);
    for (const member of members) member.start();
    client = await connectEtcd(files, parseEtcdPlace(etcdPlaceOf(members, "election=5000")));
    await client.txn({ does: [{ get: "/" }] });
  });
  after(async () => {
    client?.close();
    for (const member of members) await member.kill();
    rmSync(folder, { recursive: true });
  });

  testQuorum("etcd", async () => {
    const prefix = `/test/${++number}`;
    const parts = { client, prefix, random, keys, election: 600 };
    return {
      open: () => openEtcdQuorum({ ...parts, place: `etcd:${prefix}` }),
      replace: async (identity, image, versions) => {
        await buildGeneration(parts, identity, image, versions);
        await switchGeneration(client, prefix, identity);
        await switchGeneration(client, prefix, identity);
      },
      // All handles are in this process; the end to end tests kill real ones.
      kill: (_incarnation, leadership) => leadership.resign(),
      remove: async () => undefined,
    };
  });
});
