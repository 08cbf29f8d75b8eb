import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openOutside } from "../base/outside-node.ts";
import { connectPinned } from "../base/outside-node-tls.ts";
import { type Caller, callerOf, dial, type Handlers } from "../rpc/call.ts";
import { issueCertificate, keyOfRequest, makeAuthority, makeRequest } from "../trust/certificate.ts";
import {
  fingerprintOf,
  nodeCertificate,
  nodeCertificateLife,
  ownKey,
  type TrustFile,
  writeTrust,
} from "../trust/trust.ts";
import { trustedOutside } from "../trust/trusted-outside.ts";
import { mustBe, NodeTrust } from "./node-trust.ts";

const outside = openOutside();
const { random, clock } = outside;
const folder = mkdtempSync(join(tmpdir(), "clubar-node-trust-"));
const listen = [`127.0.0.1:${40_000 + (process.pid % 10_000) * 2}`];
const closing: { close(): unknown }[] = [];
let one: NodeTrust;
let files: Record<string, TrustFile> = {};
const refused: string[] = [];

const handlers: Handlers = {
  ping: () => Promise.resolve("pong"),
  enrol: () => Promise.resolve("welcome"),
  join: (body, { proof }) => {
    mustBe(proof, (body as { node: string }).node);
    return Promise.resolve("joined");
  },
};

before(async () => {
  const authority = await makeAuthority(random, clock.wall());
  for (const node of ["1", "2", "3"]) {
    const { key } = await makeRequest(random);
    const terms = { node, hosts: ["127.0.0.1"], life: nodeCertificateLife };
    const file = {
      version: 1,
      authority,
      node: await nodeCertificate(authority, key, terms, clock.wall(), random),
    } as const;
    files = { ...files, [node]: file };
    await outside.files.makeFolder(join(folder, node));
    await writeTrust(outside.files, join(folder, node), file);
  }
  const opened = await NodeTrust.open({ outside, data: join(folder, "1"), node: "1", listen });
  assert.ok(opened);
  one = opened;
  const listener = await one.serve(() => "c", handlers, {
    forNewcomers: ["enrol"],
    onRefused: (_, why) => refused.push(why),
  });
  assert.ok(listener);
  closing.push(listener);
});
after(async () => {
  for (const open of closing) await open.close();
  rmSync(folder, { recursive: true });
});

async function talk(node: string): Promise<Caller> {
  const caller = await dial(trustedOutside(outside, join(folder, node)), one.endpoint ?? "", "c");
  closing.push(caller);
  return caller;
}

const members = (...ids: readonly string[]): Parameters<NodeTrust["follow"]>[0] =>
  new Map(ids.map((id) => [id, { key: ownKey(files[id] as TrustFile), addresses: [] }]));

test("members are answered, each in its own name; who is taken out of the list is cut off and refused from then on", async () => {
  one.follow(members("1", "2", "3"));
  const [two, three] = [await talk("2"), await talk("3")];
  assert.equal(await two.call("ping", 0, 60_000), "pong");
  assert.equal(await two.call("join", { node: "2" }, 60_000), "joined");
  await assert.rejects(two.call("join", { node: "3" }, 60_000), { name: "ACCESS_DENIED" });
  assert.equal(await three.call("ping", 0, 60_000), "pong");
  const cut = new Promise<void>((resolve) => two.onClose(resolve));
  one.follow(members("1", "3"));
  await cut;
  assert.equal(await three.call("ping", 0, 60_000), "pong");
  const again = await talk("2");
  const ended = new Promise<void>((resolve) => again.onClose(resolve));
  await assert.rejects(again.call("ping", 0, 60_000), { name: "CLUSTER_NODE_NOT_MEMBER" });
  await ended;
  assert.match(refused.join(), /Node 2 .* is not a member/);
  // The same id with another key is not that node either.
  one.follow(new Map([...members("1", "3"), ["2", { key: ownKey(files["3"] as TrustFile), addresses: [] }]]));
  await assert.rejects((await talk("2")).call("ping", 0, 60_000), { name: "CLUSTER_NODE_NOT_MEMBER" });
});

test("newcomers may enrol and nothing else; people's certificates open no door for nodes", async () => {
  const [{ host, port }] = one.places as [{ host: string; port: number }];
  const { authority, node } = files["1"] as TrustFile;
  const pin = { key: ownKey({ version: 1, authority, node }), authority: fingerprintOf(authority.certificate) };
  const newcomer = callerOf(outside, await connectPinned([{ host, port }], pin), "node 1", undefined);
  closing.push(newcomer);
  assert.equal(await newcomer.call("enrol", {}, 60_000), "welcome");
  await assert.rejects(newcomer.call("ping", 0, 60_000), { name: "ACCESS_DENIED" });

  const { key, request } = await makeRequest(random);
  const issue = {
    holder: { kind: "user", name: "2" } as const,
    publicKey: await keyOfRequest(request),
    from: clock.wall(),
    to: clock.wall() + 600_000,
    hosts: [],
  };
  const certificate = await issueCertificate(authority, issue, random);
  const data = join(folder, "user");
  await outside.files.makeFolder(data);
  await writeTrust(outside.files, data, { version: 1, authority, node: { certificate, key } });
  const user = await talk("user");
  await assert.rejects(user.call("ping", 0, 60_000), { name: "ACCESS_DENIED" });
  await assert.rejects((await talk("user")).call("enrol", {}, 60_000), { name: "ACCESS_DENIED" });
});

test("a node without certificates has no address on the network", async () => {
  const data = join(folder, "none");
  assert.equal(await NodeTrust.open({ outside, data, node: "4", listen: [] }), undefined);
  await assert.rejects(NodeTrust.open({ outside, data, node: "4", listen }), { name: "ACCESS_DENIED" });
  await assert.rejects(dial(trustedOutside(outside, data), one.endpoint ?? "", "c"), { name: "ACCESS_DENIED" });
});
