import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { connect as connectTcp } from "node:net";
import { after, test } from "node:test";
import * as tls from "node:tls";
import fc from "fast-check";
import { openOutside } from "../base/outside-node.ts";
import { connectPinned, holderOf, keyDigest, listenTls, tlsCaller } from "../base/outside-node-tls.ts";
import type { TlsDoor } from "../base/outside-node-tls.ts";
import type { Connection, PeerProof } from "../base/outside.ts";
import { formatTlsAddress, parseHostPort, parseTlsAddress } from "../base/tls-address.ts";
import { issueCertificate, keyOfRequest, makeAuthority, makeRequest } from "./certificate.ts";
import { formatToken, parseToken } from "./join-token.ts";
import { certificateFor, nodeCertificateLife, renewalTime, renewed, whyRenew } from "./renewal.ts";
import { allRights, parseRights } from "./rights.ts";
import { fingerprintOf, materialOf, ownKey, type TrustFile } from "./trust-file.ts";

const { random, clock } = openOutside();
const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({
    unit: fc.constantFrom(...Array.from({ length: 16 }, (_, digit) => digit.toString(16))),
    minLength: length,
    maxLength: length,
  });

async function nodeTrust(authority: TrustFile["authority"], node: string, wall = clock.wall()): Promise<TrustFile> {
  const { key, request } = await makeRequest(random);
  const terms = { node, hosts: ["127.0.0.1"], life: nodeCertificateLife };
  const certificate = await certificateFor(authority, await keyOfRequest(request), terms, wall, random);
  return { version: 1, authority, node: { certificate, key } };
}

const doors: TlsDoor[] = [];
after(() => Promise.all(doors.map((door) => door.close())));

const plain = { noNullPrototype: true };

test("tokens and addresses come back as they were written; anything else is refused", () => {
  fc.assert(
    fc.property(
      fc.record(
        {
          id: hex(16),
          secret: hex(64),
          authority: hex(64),
          nodes: fc.array(fc.record({ places: fc.array(fc.string(), { minLength: 1 }), key: hex(64) }, plain), {
            minLength: 1,
          }),
        },
        plain,
      ),
      (token) => assert.deepEqual(parseToken(` ${formatToken(token)}\n`), token),
    ),
    { numRuns: 100 },
  );
  for (const bad of ["", "clubar-join-1.", "clubar-join-1.e30", "clubar-join-1.????", "x"]) {
    assert.throws(() => parseToken(bad), { name: "INVALID_PARAMETER" });
  }
  for (const good of ["10.0.0.1:7400", "[fd00::1]:1", "node-1.example:65534"]) {
    assert.deepEqual(
      parseTlsAddress(formatTlsAddress("7", [parseHostPort(good)], 1)).places[0]?.port,
      parseHostPort(good).port + 1,
    );
  }
  for (const bad of ["0.0.0.0:1", "[::]:1", ":1", "a:0", "a:65535", "a", "a b:1", "a:1,b:2"]) {
    assert.throws(() => parseHostPort(bad), { name: "INVALID_PARAMETER" });
  }
  assert.deepEqual(parseRights("backup,read"), ["read", "backup"]);
  assert.deepEqual(parseRights("all"), allRights);
  assert.throws(() => parseRights("read,root"), { name: "INVALID_PARAMETER" });
});

test("a certificate says whose it is, is renewed at two thirds of its life with the same key, and when what it says is wrong", async () => {
  const wall = Date.UTC(2049, 11, 20);
  const trust = await nodeTrust(await makeAuthority(random, wall), "2", wall);
  const certificate = new X509Certificate(trust.node.certificate);
  assert.deepEqual(holderOf(certificate), { kind: "node", name: "2", key: ownKey(trust) });
  assert.equal(new X509Certificate(trust.authority.certificate).ca, true);
  assert.equal(certificate.ca, false);
  assert.equal(certificate.checkIP("127.0.0.1"), "127.0.0.1");
  assert.equal(certificate.validToDate.getTime(), wall + nodeCertificateLife);
  const terms = { node: "2", hosts: ["127.0.0.1"], life: nodeCertificateLife };
  const due = renewalTime(trust.node.certificate);
  assert.ok(due > wall + nodeCertificateLife * 0.6 && due < wall + nodeCertificateLife * 0.7);
  assert.equal(whyRenew(trust, terms, due - 1), undefined);
  assert.match(whyRenew(trust, terms, due) ?? "", /two thirds/);
  assert.match(whyRenew(trust, { ...terms, node: "3" }, wall) ?? "", /another node/);
  assert.match(whyRenew(trust, { ...terms, life: nodeCertificateLife / 2 }, wall) ?? "", /longer than/);
  const moved = { ...terms, hosts: ["fd00::1:2", "n2.example"] };
  assert.match(whyRenew(trust, moved, wall) ?? "", /fd00/);
  const again = await renewed(trust, moved, due, random);
  assert.equal(ownKey(again), ownKey(trust));
  assert.equal(whyRenew(again, moved, due), undefined);
  assert.equal(new X509Certificate(again.node.certificate).checkHost("n2.example"), "n2.example");
  const other = { ...again, authority: await makeAuthority(random, wall) };
  assert.match(whyRenew(other, moved, due) ?? "", /another authority/);
});

test("a request that does not prove its key is refused", async () => {
  const { request } = await makeRequest(random);
  for (const at of [request.length - 3, 40]) {
    const bad = request.slice();
    bad[at] = (bad[at] ?? 0) ^ 1;
    await assert.rejects(keyOfRequest(bad), { name: "INVALID_DATA" });
  }
  await assert.rejects(keyOfRequest(Uint8Array.of(1, 2)), { name: "INVALID_DATA" });
});

interface Scene {
  readonly one: TrustFile;
  readonly two: TrustFile;
  readonly foreign: TrustFile;
  readonly place: { readonly host: string; readonly port: number };
  readonly door: TlsDoor;
  readonly seen: PeerProof[];
  readonly refused: string[];
}

/** Node 1 listens and sends every frame back. */
async function listening(port: number): Promise<Scene> {
  const authority = await makeAuthority(random, clock.wall());
  const [one, two] = [await nodeTrust(authority, "1"), await nodeTrust(authority, "2")];
  const foreign = await nodeTrust(await makeAuthority(random, clock.wall()), "2");
  const seen: PeerProof[] = [];
  const refused: string[] = [];
  const place = { host: "127.0.0.1", port };
  const door = await listenTls({
    places: [place],
    material: materialOf(one),
    wall: () => clock.wall(),
    onConnection: (connection) => {
      seen.push(connection.proof);
      connection.onFrame((frame) => connection.send(frame));
    },
    onRefused: (_, why) => refused.push(why),
  });
  doors.push(door);
  return { one, two, foreign, place, door, seen, refused };
}

const firstPort = 20_000 + (process.pid % 10_000) * 2;
const nowhere = { host: "127.0.0.9", port: 1 };
const callerOf = (trust: TrustFile): ReturnType<typeof tlsCaller> =>
  tlsCaller(() => Promise.resolve(materialOf(trust)));

function echo(connection: Connection): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    connection.onFrame(resolve);
    connection.onClose(() => reject(new Error("closed")));
    connection.send(Uint8Array.of(7));
  });
}

test("nodes of one authority know each other; a connection is cut, a certificate renewed", async () => {
  const { one, two, place, door, seen } = await listening(firstPort);
  const caller = callerOf(two);
  const connection = await caller.connect(formatTlsAddress("1", [nowhere, place]));
  assert.deepEqual(await echo(connection), Uint8Array.of(7));
  assert.deepEqual([connection.proof?.kind, connection.proof?.name, connection.proof?.key], ["node", "1", ownKey(one)]);
  assert.deepEqual([seen[0]?.name, seen[0]?.key], ["2", ownKey(two)]);
  await assert.rejects(caller.connect(formatTlsAddress("3", [place])), { code: "EACCES" });
  await assert.rejects(caller.connect(formatTlsAddress("1", [nowhere])), { code: "ECONNREFUSED" });
  const distrusting = tlsCaller(
    () => Promise.resolve(materialOf(two)),
    () => "its key is another one",
  );
  await assert.rejects(distrusting.connect(formatTlsAddress("1", [place])), { code: "EACCES", message: /another one/ });

  const cut = new Promise<void>((resolve) => connection.onClose(resolve));
  door.cut((peer) => peer.name === "2");
  await cut;
  const next = await renewed(one, { node: "1", hosts: ["127.0.0.1"], life: 60_000 }, clock.wall(), random);
  door.renew(materialOf(next));
  const afterwards = await caller.connect(formatTlsAddress("1", [place]));
  assert.deepEqual(await echo(afterwards), Uint8Array.of(7));
  assert.equal(keyDigest(new X509Certificate(next.node.certificate)), afterwards.proof?.key);
});

test("another authority's certificate, one that ended, and no TLS get nowhere; a newcomer believes by key and authority", async () => {
  const { one, two, foreign, place, seen, refused } = await listening(firstPort + 1);
  await assert.rejects(callerOf(foreign).connect(formatTlsAddress("1", [place])), { code: "EACCES" });
  // One that believes anybody gets no further either.
  const shown = { cert: foreign.node.certificate, key: foreign.node.key };
  const bold = tls.connect({ ...place, ...shown, rejectUnauthorized: false, ALPNProtocols: ["clubar-rpc"] });
  bold.on("error", () => undefined);
  await new Promise((resolve) => bold.once("close", resolve));
  assert.match(refused.join(), /does not hold/);

  const [{ key, request }, now] = [await makeRequest(random), clock.wall()];
  const holder = { kind: "user", name: "ann" } as const;
  const issue = { holder, publicKey: await keyOfRequest(request), from: now - 2000, to: now - 1000, hosts: [] };
  const certificate = await issueCertificate(one.authority, issue, random);
  const late = tlsCaller(() => Promise.resolve({ ...materialOf(two), certificate, key }));
  const old = await late
    .connect(formatTlsAddress("1", [place]))
    .then(echo)
    .catch((error: unknown) => error);
  assert.ok(old instanceof Error);

  const pin = { key: ownKey(one), authority: fingerprintOf(one.authority.certificate) };
  assert.deepEqual(await echo(await connectPinned([place], pin)), Uint8Array.of(7));
  assert.deepEqual(
    seen.map(({ kind }) => kind),
    ["nobody"],
  );
  for (const wrong of [{ key: ownKey(two) }, { authority: fingerprintOf(foreign.authority.certificate) }]) {
    await assert.rejects(connectPinned([place], { ...pin, ...wrong }), { name: "ACCESS_DENIED" });
  }
  const bare = connectTcp(place);
  bare.on("error", () => undefined);
  bare.write("GET / HTTP/1.0\r\n\r\n");
  await new Promise((resolve) => bare.once("close", resolve));
});
