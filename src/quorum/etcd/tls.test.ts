/** Certificates on both sides, on a real etcd: what is right works, what is wrong is refused in words that say what and where. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { failureOf } from "../../base/failure-of.ts";
import { openOutside } from "../../base/outside-node.ts";
import { type EtcdMember, etcdProgram, makeEtcdMembers } from "../../daemon/demo/etcd-members.ts";
import type { EtcdClient } from "./client.ts";
import { connectEtcd } from "./connect.ts";
import { parseEtcdPlace } from "./place.ts";

const openssl = ["/usr/bin/openssl", "/usr/local/bin/openssl"].find((path) => existsSync(path));
const absent = [etcdProgram === undefined ? "etcd" : "", openssl === undefined ? "openssl" : ""].filter(Boolean);
const skip = absent.length === 0 ? false : `there is no ${absent.join(" and no ")} on this machine`;

const settings = `[ca]
default_ca = own
[own]
database = index
new_certs_dir = .
default_md = sha256
policy = policy
unique_subject = no
rand_serial = yes
[policy]
commonName = supplied
`;

describe("an etcd with TLS and client certificates", { skip }, () => {
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "clubar-tls-"));
  const clients: EtcdClient[] = [];
  const warnings: string[] = [];
  const onWarning = ({ message }: Error): void => void warnings.push(message);
  let members: readonly EtcdMember[] = [];
  const at = (name: string): string => join(folder, name);
  const run = (...args: string[]): void =>
    void execFileSync(openssl ?? "openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const authority = (name: string): void =>
    run("req", "-x509", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.pem`, "-subj", `/CN=${name}`);
  const issue = (name: string, by: string, until: string, extension: string): void => {
    writeFileSync(at(`${name}.ext`), extension);
    run("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    const dates = ["-startdate", "20200101000000Z", "-enddate", until];
    const files = ["-cert", `${by}.pem`, "-keyfile", `${by}.key`, "-in", `${name}.csr`, "-out", `${name}.pem`];
    run("ca", "-batch", "-notext", "-config", "settings", ...files, ...dates, "-extfile", `${name}.ext`);
  };

  before(async () => {
    process.on("warning", onWarning);
    writeFileSync(at("settings"), settings);
    writeFileSync(at("index"), "");
    for (const name of ["ours", "other"]) authority(name);
    const usable = "20400101000000Z";
    issue("server", "ours", usable, "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n");
    for (const [name, by, until] of [
      ["client", "ours", usable],
      ["expired", "ours", "20210101000000Z"],
      ["stranger", "other", usable],
    ] as const)
      issue(name, by, until, "extendedKeyUsage=clientAuth\n");
    const options = ["--client-cert-auth", "--trusted-ca-file", at("ours.pem")];
    const own = ["--cert-file", at("server.pem"), "--key-file", at("server.key")];
    members = await makeEtcdMembers(folder, 1, { heartbeat: 10, election: 50 }, [...options, ...own]);
    for (const member of members) member.start();
  });
  after(async () => {
    process.off("warning", onWarning);
    for (const client of clients) client.close();
    for (const member of members) await member.kill();
    rmSync(folder, { recursive: true });
  });

  const ask = async (words: string, host = "localhost", scheme = "https", election = 1000): Promise<boolean> => {
    const port = members[0]?.endpoint.split(":")[1];
    const options = words === "" ? "" : `&${words.replaceAll("@", `${folder}/`)}`;
    const place = parseEtcdPlace(`etcd:${scheme}://${host}:${port}?prefix=/x&election=${election}${options}`);
    const client = await connectEtcd(openOutside().files, place);
    clients.push(client);
    return (await client.txn({ does: [{ get: "/x/" }] })).succeeded;
  };
  const refused = async (what: Promise<unknown>, name: string, happened: RegExp, next: RegExp): Promise<void> => {
    const failure = await what.then(
      () => assert.fail(`not refused: ${happened}`),
      (error: unknown) => failureOf(error),
    );
    assert.equal(failure.name, name, failure.happened);
    assert.match(failure.happened, happened);
    assert.match(failure.next, next);
  };
  const right = "ca=@ours.pem&cert=@client.pem&key=@client.key";

  test("what is right works", async () => {
    // The first answer comes when etcd is up.
    assert.equal(await ask(right, "localhost", "https", 5000), true);
  });

  test("what is wrong is refused with what it is and what to do", async () => {
    const certificate = (name: string): string => `ca=@ours.pem&cert=@${name}.pem&key=@${name}.key`;
    await Promise.all([
      refused(
        ask(right.replace("ours", "other")),
        "TIMEOUT",
        /certificate that not the authority .*other\.pem/,
        /ca=PATH/,
      ),
      refused(
        ask("ca=@ours.pem"),
        "TIMEOUT",
        /wants a certificate of who asks, and none is named/,
        /cert=PATH&key=PATH/,
      ),
      refused(ask(certificate("expired")), "TIMEOUT", /expired\.pem, which ended on 2021-01-01/, /Renew it/),
      refused(ask(certificate("stranger")), "TIMEOUT", /refuses this node's certificate .*stranger\.pem/, /trusted-ca/),
      refused(ask(right, "127.0.0.1"), "TIMEOUT", /shows a certificate for other names/, /as its certificate does/),
      refused(ask("", "localhost", "http"), "TIMEOUT", /localhost:\d+ does not answer/, /whether it wants https/),
    ]);
  });

  test("an address is never said as a server's name", () => {
    assert.deepEqual(warnings, []);
  });

  test("files that are not there, or are something else, are named with their option", async () => {
    await refused(ask("ca=@nowhere.pem"), "FILE_NOT_FOUND", /file that ca= names.*nowhere\.pem/, /ca=PATH/);
    await refused(ask("ca=@ours.pem&cert=@client.key&key=@client.key"), "INVALID_DATA", /can't be used/, /client\.key/);
    await refused(ask(`${right}&user=u&password-file=@none`), "FILE_NOT_FOUND", /password-file=/, /password-file=PATH/);
  });
});
