/** Three nodes that meet over TLS only: tokens, a failover, people's rights, renewal, and an evicted node that is refused at once. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openOutside } from "../../src/base/outside-node.ts";
import { tlsCaller } from "../../src/base/outside-node-tls.ts";
import { certificateFile } from "../../src/cli/remote.ts";
import { callApi } from "../../src/daemon/demo/api-call.ts";
import { NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { type Caller, dial } from "../../src/rpc/call.ts";
import { issueCertificate, keyOfRequest, makeAuthority, makeRequest } from "../../src/trust/certificate.ts";
import { materialOf, renewed, type TrustFile } from "../../src/trust/trust.ts";
import { TestApp } from "./app.ts";
import { TestCluster } from "./cluster.ts";
import { waitFor } from "./wait-for.ts";

const cluster = new TestCluster("trust");
const app = new TestApp(cluster);
const outside = openOutside();
const callers: Caller[] = [];
const path = (name: string): string => join(cluster.folder, name);
const trustOf = (node: NodeProcess): TrustFile =>
  JSON.parse(readFileSync(join(node.data, "trust.json"), "utf8")) as TrustFile;
let port = 0;

/** Two ports behind each other that nobody has. */
async function freePorts(): Promise<number> {
  for (;;) {
    const found = 20_000 + Math.floor(Math.random() * 10_000) * 2;
    const isFree = (one: number): Promise<boolean> =>
      new Promise((resolve) => {
        const server = createServer();
        server.once("error", () => resolve(false));
        server.listen(one, "127.0.0.1", () => server.close(() => resolve(true)));
      });
    if ((await isFree(found)) && (await isFree(found + 1))) return found;
  }
}

const place = (name: string): string => `127.0.0.${name.slice(1)}:${port}`;

async function joins(
  name: string,
  token: string,
): Promise<{ readonly code: number; readonly stderr: string; node: NodeProcess }> {
  const node = new NodeProcess(name, path(name));
  writeFileSync(path("token"), token, { mode: 0o600 });
  const words = ["cluster", "join", "--node", name, "--listen", place(name), "--token-file", path("token")];
  return { ...(await cluster.command(node, words)), node };
}

async function token(minutes = 10): Promise<{ readonly token: string; readonly expires: string }> {
  const answer = await callApi(path("N1"), "POST", "/api/v1/nodes/token", { body: { minutes } });
  assert.equal(answer.status, 201);
  return answer.body as { token: string; expires: string };
}

/** So short that certificates are renewed while the tests run. */
process.env["CLUBAR_CERTIFICATE_SECONDS"] = "60";

before(() =>
  cluster.shown(async () => {
    port = await freePorts();
    const first = new NodeProcess("N1", path("N1"));
    const place1 = ["--node", "N1", "--quorum", cluster.quorum, "--listen", place("N1"), "--timing-factor", "5"];
    await cluster.run(first, "cluster", "create", "DEMO", ...place1);
    cluster.nodes.push(first);
    first.start();
    await cluster.leads(first);
  }),
);
after(async () => {
  for (const caller of callers) caller.close();
  await cluster.end();
});

const scenario = (name: string, play: () => Promise<void>): void => void test(name, () => cluster.shown(play));

scenario("a token lets one machine join once, while its time lasts; nothing else does", async () => {
  const { token: good } = await token();
  const { expires, token: late } = await token(0.01);
  const second = await joins("N2", good);
  assert.equal(second.code, 0, second.stderr);
  assert.equal(statSync(join(second.node.data, "trust.json")).mode & 0o777, 0o600);
  const again = await joins("N3", good);
  assert.deepEqual([again.code, /was used already/.test(again.stderr)], [12, true], again.stderr);
  await waitFor("the token's time is over", () => Date.now() > Date.parse(expires), 30_000);
  const expired = await joins("N3", late);
  assert.deepEqual([expired.code, /was good until/.test(expired.stderr)], [12, true], expired.stderr);
  const { token: other } = await token();
  const parts = JSON.parse(Buffer.from(other.slice(14), "base64url").toString()) as Record<string, unknown>;
  const changed = (fields: object): string =>
    `clubar-join-1.${Buffer.from(JSON.stringify({ ...parts, ...fields })).toString("base64url")}`;
  const wrong = await joins("N3", changed({ secret: "0".repeat(64) }));
  assert.deepEqual([wrong.code, /right secret/.test(wrong.stderr)], [12, true], wrong.stderr);
  const foreign = await joins("N3", changed({ authority: "0".repeat(64) }));
  assert.deepEqual(
    [foreign.code, /is not the node that gave the token/.test(foreign.stderr)],
    [12, true],
    foreign.stderr,
  );
  assert.ok(!existsSync(join(path("N3"), "node.json")));
  const tried = readFileSync(join(path("N1"), "log/audit.log"), "utf8")
    .trim()
    .split("\n");
  const outcomes = tried.map((line) => JSON.parse(line) as { what: string; outcome: string });
  const enrolled = outcomes
    .filter(({ what }) => what.startsWith("enrol"))
    .map(({ what, outcome }) => `${what} ${outcome}`);
  assert.deepEqual(enrolled, ["enrol N2 done", "enrol N3 refused", "enrol N3 refused", "enrol N3 refused"]);
  assert.ok(!tried.join("").includes(parts["secret"] as string));
  const third = await joins("N3", other);
  assert.equal(third.code, 0, third.stderr);
  second.node.start();
  third.node.start();
  cluster.nodes.push(second.node, third.node);
  await cluster.whole();
  const endpoint = (node: NodeProcess): string => `tls:${node.name.slice(1)}@${place(node.name)}`;
  const claim = await cluster.leader();
  assert.ok(readFileSync(join(claim.data, "ClusDb")).includes(Buffer.from(endpoint(claim), "utf16le")));
});

scenario("the application is on another node after its owner was killed", async () => {
  await app.create();
  const [run, owner] = [await app.running(), await cluster.owner("App")];
  await app.change(owner);
  owner.signal("SIGKILL");
  await app.after(run);
  assert.notEqual((await cluster.owner("App")).name, owner.name);
  await cluster.whole();
  app.check();
});

scenario("people may do from elsewhere what their certificate's rights say, until it is revoked", async () => {
  const [first] = cluster.nodes;
  assert.ok(first);
  await cluster.run(first, "user", "certificate", "ann", "--rights", "read", "--out", path("ann.pem"));
  assert.equal(statSync(path("ann.pem")).mode & 0o777, 0o600);
  const remote = (file: string, ...words: readonly string[]): ReturnType<TestCluster["command"]> =>
    cluster.command(first, ["--host", `https://${place("N2")}`, "--certificate", path(file), ...words]);
  const seen = await remote("ann.pem", "status", "--json");
  assert.equal(seen.code, 0, seen.stderr);
  assert.equal((JSON.parse(seen.stdout) as { self: { name: string } }).self.name, "N2");
  const refused = await remote("ann.pem", "group", "create", "G");
  assert.deepEqual([refused.code, /lacks the right "operate"/.test(refused.stderr)], [12, true], refused.stderr);
  const audit = readFileSync(join(path("N2"), "log/audit.log"), "utf8");
  assert.match(audit, /"who":"user:ann".*"what":"POST \/api\/v1\/groups","right":"operate","outcome":"refused"/);

  const authority = await makeAuthority(outside.random, Date.now());
  const { key, request } = await makeRequest(outside.random);
  const holder = { kind: "user", name: "ann" } as const;
  const issue = {
    holder,
    publicKey: await keyOfRequest(request),
    from: Date.now(),
    to: Date.now() + 600_000,
    hosts: [],
  };
  for (const [file, by] of [
    ["foreign.pem", authority],
    ["forged.pem", trustOf(first).authority],
  ] as const) {
    const certificate = await issueCertificate(by, issue, outside.random);
    const known = trustOf(first).authority.certificate;
    writeFileSync(path(file), certificateFile({ key, certificate, authority: known }), { mode: 0o600 });
    const { code, stderr } = await remote(file, "status");
    // A certificate of the right authority with another key than ann's is nobody's.
    assert.equal(code === 12 || (file === "foreign.pem" && code === 11), true, `${file}: ${code} ${stderr}`);
  }
  await cluster.run(first, "user", "revoke", "ann", "--yes");
  await waitFor("the certificate is refused", async () => (await remote("ann.pem", "status")).code === 12, 30_000);
});

scenario("a node's certificate is renewed by itself, with the same key", async () => {
  const second = cluster.node("N2");
  const log = (): string => readFileSync(join(second.data, "log/service.log"), "utf8");
  await waitFor("it is renewed", () => log().includes('"why":"two thirds of its life are over"'), 90_000);
  const now = new X509Certificate(trustOf(second).node.certificate);
  assert.ok(now.validToDate.getTime() > Date.now());
  await cluster.whole();
});

scenario("an evicted node is refused by all at once, and what was open is cut", async () => {
  const leader = await cluster.leader();
  const gone = cluster.others(leader, await cluster.owner("App"))[0] ?? cluster.others(leader)[0];
  assert.ok(gone);
  const id = gone.name.slice(1);
  assert.equal(await gone.stop(), 0);
  cluster.nodes.splice(cluster.nodes.indexOf(gone), 1);
  // It holds the authority's key and can make itself any certificate.
  const terms = { node: id, hosts: [], life: 600_000 };
  const fresh = await renewed(trustOf(gone), terms, Date.now(), outside.random);
  const net = tlsCaller(() => Promise.resolve(materialOf(fresh)));
  const door = { timers: outside.timers, net: { ...outside.net, connect: (to: string) => net.connect(to) } };
  const talk = async (node: NodeProcess): Promise<Caller> => {
    const caller = await dial(door, `tls:${node.name.slice(1)}@${place(node.name)}`, undefined);
    callers.push(caller);
    return caller;
  };
  const open = await Promise.all(cluster.nodes.map(talk));
  for (const caller of open) await caller.call("status", {}, 30_000);
  const other = { node: "77", incarnation: "x", tag: { generation: 1, epoch: 1, sequence: 1 } };
  await assert.rejects(open[0]?.call("fetch", other, 30_000) ?? Promise.resolve(), { name: "ACCESS_DENIED" });
  const cut = open.map((caller) => new Promise<void>((resolve) => caller.onClose(resolve)));
  const down = async (): Promise<boolean> =>
    (await cluster.status())?.nodes.find((node) => node.name === gone.name)?.state === "down";
  await waitFor(`${gone.name} is down`, down, 60_000, () => cluster.describe());
  await cluster.run(leader, "node", "evict", gone.name, "--yes");
  await Promise.all(cut);
  for (const node of cluster.nodes) {
    await assert.rejects((await talk(node)).call("status", {}, 30_000), { name: "CLUSTER_NODE_NOT_MEMBER" });
  }
  const evicted = new NodeProcess(gone.name, gone.data);
  evicted.start();
  assert.notEqual(await evicted.exit, 0);
  assert.match(readFileSync(`${gone.data}.out`, "utf8"), new RegExp(`Node ${id} .*is not a member`));
  app.check();
});
