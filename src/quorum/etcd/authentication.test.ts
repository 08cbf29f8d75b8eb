/** A user with a password and a role on one prefix, on a real etcd. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { failure } from "../../../test/conformance/quorum-scene.ts";
import { openOutside } from "../../base/outside-node.ts";
import { type EtcdMember, etcdPlaceOf, etcdProgram, makeEtcdMembers } from "../../daemon/demo/etcd-members.ts";
import type { EtcdClient } from "./client.ts";
import { connectEtcd } from "./connect.ts";
import { parseEtcdPlace } from "./place.ts";

const skip = etcdProgram === undefined ? "there is no etcd on this machine (Debian: etcd-server)" : false;
const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("an etcd that asks who one is", { skip }, () => {
  const { files } = openOutside();
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "clubar-etcd-"));
  let members: readonly EtcdMember[] = [];
  let place = "";
  const clients: EtcdClient[] = [];
  const connect = async (options: string): Promise<EtcdClient> => {
    const client = await connectEtcd(files, parseEtcdPlace(`${place}${options}`));
    clients.push(client);
    return client;
  };
  before(async () => {
    members = await makeEtcdMembers(folder, 1, { heartbeat: 10, election: 50 });
    for (const member of members) member.start();
    place = etcdPlaceOf(members, "election=5000");
    await (await connect("")).txn({ does: [{ get: "/" }] });
    const end = Buffer.from("/clubar0").toString("base64");
    const perm = { permType: "READWRITE", key: base64("/clubar/"), range_end: end };
    const calls: readonly [string, object][] = [
      ["user/add", { name: "root", password: "root" }],
      ["role/add", { name: "root" }],
      ["user/grant", { user: "root", role: "root" }],
      ["user/add", { name: "clubar", password: "secret" }],
      ["role/add", { name: "clubar" }],
      ["role/grant", { name: "clubar", perm }],
      ["user/grant", { user: "clubar", role: "clubar" }],
      ["enable", {}],
    ];
    for (const [call, body] of calls) {
      const url = `http://${members[0]?.endpoint}/v3/auth/${call}`;
      const answer = await fetch(url, { method: "POST", body: JSON.stringify(body) });
      assert.equal(answer.status, 200, `${call}: ${await answer.text()}`);
    }
    writeFileSync(join(folder, "right"), "secret\n", { mode: 0o600 });
    writeFileSync(join(folder, "wrong"), "guess\n", { mode: 0o600 });
  });
  after(async () => {
    for (const client of clients) client.close();
    for (const member of members) await member.kill();
    rmSync(folder, { recursive: true });
  });
  const write = (client: EtcdClient, key: string): Promise<unknown> =>
    client.txn({ does: [{ put: key, value: new Uint8Array(1) }] });

  test("with the password, below the prefix, and only there", async () => {
    const client = await connect(`&user=clubar&password-file=${folder}/right`);
    await write(client, "/clubar/a");
    await assert.rejects(write(client, "/other"), { code: "EACCES" });
  });

  test("a wrong password, none, or nobody is refused at once, and no refusal tells the password", async () => {
    const wrong = await connect(`&user=clubar&password-file=${folder}/wrong`);
    await assert.rejects(write(wrong, "/clubar/a"), (error: Error & { code?: string }) => {
      return error.code === "EACCES" && !error.message.includes("guess");
    });
    await assert.rejects(write(await connect("&user=clubar"), "/clubar/a"), failure("ACCESS_DENIED"));
    await assert.rejects(write(await connect(""), "/clubar/a"), { code: "EACCES" });
  });
});
