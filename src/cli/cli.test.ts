import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openScene, type Scene } from "../../test/api/scene.ts";
import { clubar } from "../../test/cli/run.ts";
import about from "../../package.json" with { type: "json" };
import { errorTable, fail } from "../base/errors.ts";
import { classicWords } from "./classic.ts";
import { exitCodes } from "./exit.ts";

let scene: Scene;
before(async () => {
  scene = await openScene();
  await scene.client.post("/groups", { name: "Web" });
  await scene.client.post("/resources", { name: "web", group: "Web", type: "Generic Application" });
});
after(() => scene.close());

describe("classic words", () => {
  for (const word of ["b", "B", "ba", "back", "backu", "BACKUP"]) {
    test(`${word} is backup`, () => assert.deepEqual(classicWords([word, "C", "/p"]), ["backup", "take", "C", "/p"]));
  }
  for (const word of ["r", "R", "re", "res", "rest", "RESTOR", "restore"]) {
    test(`${word} is restore`, () => assert.deepEqual(classicWords([word, "/p", "force"]), ["restore", "/p", "force"]));
  }
  for (const word of ["reg", "resource", "backups", "restores", "x", "rb"]) {
    test(`${word} is not`, () => assert.deepEqual(classicWords([word, "a"]), [word, "a"]));
  }
  test("global options before do not count", () => {
    assert.deepEqual(classicWords(["--json", "--data", "b", "r", "/p"]), ["--json", "--data", "b", "restore", "/p"]);
  });
  test("nor do the options for a node on another machine, with their values", () => {
    const remote = ["--host", "https://10.0.0.1:7400", "--certificate", "ann.pem"];
    assert.deepEqual(classicWords([...remote, "b", "C", "/p"]), [...remote, "backup", "take", "C", "/p"]);
  });
  test("only the whole word has verbs", () => {
    assert.deepEqual(classicWords(["backup", "list", "/p"]), ["backup", "list", "/p"]);
    assert.deepEqual(classicWords(["b", "list", "/p"]), ["backup", "take", "list", "/p"]);
    assert.deepEqual(classicWords(["Backup", "list", "/p"]), ["backup", "take", "list", "/p"]);
    assert.deepEqual(classicWords(["backup", "--help"]), ["backup", "--help"]);
  });
});

describe("wrong usage ends with 2 and three sentences, and nothing is asked", () => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [["grup", "list"], /Unknown command 'grup'\. Did you mean group\?/],
    [["group", "onlin", "Web"], /Unknown command 'onlin'\. Did you mean online\?/],
    [["group"], /A word is missing/],
    [["group", "online"], /Missing required argument 'group'[^]*See `clubar help group online`/],
    [["group", "online", ""], /An empty name was given/],
    [["group", "set", "Web", "Failover=1"], /no property "Failover"\. There are: FailoverPeriod, FailoverThreshold, /],
    [["group", "set", "Web", "FailoverPeriod=six"], /FailoverPeriod can't be "six": it is a number/],
    [["group", "list", "more"], /Too many arguments/],
    [["backup", ".", ""], /An empty path was given/],
    [["restore", "", "noforce", "--yes"], /An empty path was given/],
    [["--data", "", "status"], /--data names no folder/],
    [["group", "online", "Web", "--wat"], /Unknown option '--wat'\. Did you mean --wait\?/],
    [["group", "list", "--data", "/x"], /--data stands before the noun/],
    [["group", "set", "Web"], /No property was given/],
    [["group", "set", "Web", "Priority"], /"Priority" is not of the form name=value/],
    [["group", "set", "Web", "Priority=1", "Priority=2"], /given twice/],
    [["group", "owners", "Web"], /Name the nodes, or say --none/],
    [["group", "online", "Web", "--wait", "soon"], /whole number/],
    [["resource", "depend", "a", "of", "b"], /"of" stands where "on" is expected/],
    [["resource", "create", "x", "--group", "Web"], /Required option '--type <type>' not specified/],
    [["node", "pause", "N1", "--target", "N2"], /--target goes with --drain/],
    [["node", "resume", "N1", "--failback", "later"], /Allowed choices are no, now, policy/],
    [["checkpoint", "add", "web"], /Say which/],
    [["checkpoint", "add", "web", "--registry", "a", "--crypto", "b"], /cannot be used with/],
    [["reg", "query", "HKCU\\Software"], /only HKEY_LOCAL_MACHINE/],
    [["reg", "add", "HKLM\\SOFTWARE\\A", "--value", "a", "--type", "REG_DWORD", "--data", "-1"], /whole number/],
    [
      ["reg", "add", "HKLM\\SOFTWARE\\A", "--value", "a", "--type", "REG_BINARY", "--data", "xyz"],
      /no data in hexadecimal/,
    ],
    [["b", "TOWER"], /Missing required argument 'path'/],
    [["r"], /Missing required argument 'path'/],
    [["r", "/p"], /Say force or noforce/],
    [["r", "/p", "maybe"], /"maybe" stands where force or noforce is expected/],
    [["r", "/p", "forced"], /"forced" stands where/],
    [["r", "/p", "force", "kk"], /"kk" is no drive/],
    [["r", "/p", "force", "k:\\"], /is no drive/],
    [["r", "/p", "force", "k:", "more"], /Too many arguments/],
    [["drive", "set", "kk", "/q"], /is no drive/],
    [["help", "nonsense"], /There is no command "nonsense"/],
    [[], /No command was given/],
  ];
  for (const [args, reason] of wrong) {
    test(`clubar ${args.join(" ")}`, async () => {
      const before = scene.asked.length;
      const { exit, out, err } = await clubar(args, scene);
      assert.equal(exit, 2, err);
      assert.match(err, reason);
      assert.match(err, /\nNothing was (done|changed)\.\n/);
      assert.equal(scene.asked.length, before);
      if (args.length > 0) assert.equal(out, "");
    });
  }
});

test("help, version, exit codes", async () => {
  assert.deepEqual(await clubar(["--version"]), { exit: 0, out: `${about.version}\n`, err: "" });
  const help = await clubar(["--help"]);
  assert.equal(help.exit, 0);
  assert.match(help.out, /clubar r\[estore\] PATH \[no\]force \[DRIVE\]/);
  for (const args of [
    ["help", "group", "move"],
    ["group", "move", "--help"],
    ["group", "move", "-h"],
    ["group", "help", "move"],
  ]) {
    const { exit, out } = await clubar(args);
    assert.equal(exit, 0);
    assert.match(out, /^Usage: clubar group move \[options\] <group> \[node\]/);
  }
  assert.deepEqual(await clubar(["hive", "help"]), await clubar(["help", "hive"]));
  assert.doesNotMatch((await clubar(["hive", "help"])).out, /help \[words/);
  assert.match((await clubar(["hive", "help", "nonsense"])).err, /There is no command "hive nonsense"/);
  const codes = await clubar(["help", "exit-codes"]);
  for (const [code] of exitCodes) assert.match(codes.out, new RegExp(`^ +${code}  `, "m"));
});

test("every exit code of the error table is documented", () => {
  const documented = new Set(exitCodes.map(([code]) => code));
  for (const [name, { exit }] of Object.entries(errorTable)) assert.ok(documented.has(exit), `${name}: ${exit}`);
});

test("no service: exit 11, as text and as one JSON object", async () => {
  const text = await clubar(["status"]);
  assert.deepEqual(text, {
    exit: 11,
    out: "",
    err: `clubar: No clubar service runs for /nowhere/clubar.
Nothing was changed.
Start it with \`clubar --data /nowhere/clubar service\`, or name another data folder with --data.
`,
  });
  for (const args of [
    ["--json", "status"],
    ["status", "--json"],
  ]) {
    const { exit, out, err } = await clubar(args);
    const error = JSON.parse(err) as Record<string, unknown>;
    assert.deepEqual(
      [exit, out, error["name"], error["win32"], error["exit"]],
      [11, "", "SERVICE_NOT_ACTIVE", 1062, 11],
    );
  }
  assert.match((await clubar(["--data", "relative", "status"])).err, new RegExp(`${process.cwd()}/relative`));
});

test("a path that can't be looked at: what was not changed is said", async () => {
  const path = `/${"long".repeat(100)}`;
  for (const words of [["verify"], ["backup", "list"], ["vss", "restore", "--plan"], ["inspect"], ["diff", "/tmp"]]) {
    const { exit, err } = await clubar([...words, path]);
    assert.ok(exit > 0);
    assert.match(err, /\nNothing was changed\.\n/, words.join(" "));
  }
});

test("what looks at a node's files is not mixed up with a node on another machine", async () => {
  for (const word of ["doctor", "prune"]) {
    const { exit, err } = await clubar(["--host", "https://10.0.0.1:7400", word]);
    assert.equal(exit, 2, word);
    assert.match(err, /files on this machine, and not at https:\/\/10\.0\.0\.1:7400\.\nNothing was done\./, word);
  }
});

test("prune needs a node, and a rule that keeps something", async () => {
  assert.match((await clubar(["prune", "--plan"])).err, /holds no node\.\nNothing was removed\./);
  assert.equal((await clubar(["prune", "--keep", "0"])).exit, 2);
});

test("lists and details as text and as JSON", async () => {
  assert.deepEqual(await clubar(["group", "list"], scene), {
    exit: 0,
    out: `Group              State    Owner  Resources
Available Storage  offline  –
Cluster Group      offline  –
Web                offline  –      web
`,
    err: "",
  });
  const json = await clubar(["group", "list", "--json"], scene);
  assert.deepEqual(
    (JSON.parse(json.out) as { name: string }[]).map(({ name }) => name),
    ["Available Storage", "Cluster Group", "Web"],
  );
  assert.match(
    (await clubar(["resource", "show", "WEB"], scene)).out,
    /^Resource  +web\nId .*\nType  +Generic Application\nGroup  +Web\n/,
  );
  const listed = await clubar(["resource", "list", "--group", "Web", "--json"], scene);
  assert.deepEqual(
    (JSON.parse(listed.out) as { name: string }[]).map(({ name }) => name),
    ["web"],
  );
  const missing = await clubar(["group", "show", "none"], scene);
  assert.deepEqual([missing.exit, missing.out], [8, ""]);
});

test("changes say what was done", async () => {
  const { exit, out } = await clubar(
    ["resource", "set", "web", "RestartThreshold=9", "--unset", "RestartDelay"],
    scene,
  );
  assert.deepEqual([exit, out], [0, 'Properties of resource "web" are set: RestartThreshold, RestartDelay.\n']);
  const json = JSON.parse((await clubar(["group", "owners", "Web", "N1", "--json"], scene)).out) as {
    done: string;
    tag: string;
  };
  assert.equal(json.done, 'Preferred owners of group "Web": N1.');
  assert.match(json.tag, /^1:1:\d+$/);
});

test("the status begins with the situation", async () => {
  const { exit, out } = await clubar(["status"], scene);
  assert.equal(exit, 0);
  assert.match(out, /^1 of 2 nodes up\. Not fully online: Web\.\n\nCluster TOWER, id 1{8}-/);
  assert.match(out, /\nN1    up     leader, this node\nN2    down   proof\n/);
  assert.match(out, /\nThis node knows of no backup\.\n$/);
});

test("the registry by reg.exe's words", async () => {
  const key = "HKLM\\SOFTWARE\\Reg";
  const add = (...more: string[]): Promise<{ exit: number }> => clubar(["reg", "add", key, ...more], scene);
  assert.equal((await add("--value", "n", "--type", "REG_DWORD", "--data", "0x10")).exit, 0);
  assert.equal((await add("--value", "l", "--type", "multi_sz", "--data", "a;b", "--separator", ";")).exit, 0);
  assert.equal((await add("--value", "", "--data", "text")).exit, 0);
  const shown = await clubar(["reg", "query", "hklm\\software\\reg\\"], scene);
  assert.equal(
    shown.out,
    "HKEY_LOCAL_MACHINE\\software\\reg\n    n    REG_DWORD    0x10\n    l    REG_MULTI_SZ    a\\0b\n    (Default)    REG_SZ    text\n",
  );
  assert.equal((await clubar(["reg", "query", key, "--value", "none"], scene)).exit, 8);
  const refusedDelete = await clubar(["reg", "delete", key], scene);
  assert.deepEqual([refusedDelete.exit, refusedDelete.err.includes("no terminal")], [3, true]);
  assert.equal((await clubar(["reg", "delete", key, "--value", "N"], scene)).exit, 0);
  assert.equal((await clubar(["reg", "delete", key], scene, { answers: ["n"] })).exit, 130);
  assert.equal((await clubar(["reg", "delete", key], scene, { answers: ["y"] })).exit, 0);
  assert.equal((await clubar(["reg", "query", key], scene)).exit, 8);
});

test("a text from the cluster can't move the cursor", async () => {
  await scene.client.post("/groups", { name: "Evil" });
  await scene.client.patch("/groups/Evil", { properties: { Description: "\u001b[2J\rgone" } });
  const { out } = await clubar(["group", "show", "Evil"], scene);
  assert.match(out, /\\x1b\[2J\\x0dgone/);
  assert.ok(!out.includes("\u001b"));
});

describe("backup", () => {
  test("the sample's words, by any prefix; the path is made absolute", async () => {
    for (const args of [
      ["b", "tower", "set"],
      ["BACKUP", ".", "/here/set"],
      ["backup", "TOWER", "set"],
    ]) {
      const { exit, out } = await clubar(args, scene);
      assert.equal(exit, 0);
      assert.match(
        out,
        /^\nDone\. The cluster database has been backed up to \/here\/set\. The backup consists of the following/,
      );
      assert.deepEqual(scene.asked.at(-1), { backup: "/here/set" });
    }
  });
  test("another cluster's name is refused before anything is written", async () => {
    const before = scene.asked.length;
    const { exit, err } = await clubar(["b", "OTHER", "set"], scene);
    assert.deepEqual([exit, scene.asked.length], [11, before]);
    assert.match(err, /this node belongs to "TOWER"\.\nNo backup was written\./);
  });
  test("a failure ends with its own code", async () => {
    scene.failure = fail("CLUSTER_BACKUP_IN_PROGRESS", { happened: "One is taken." });
    assert.equal((await clubar(["b", "TOWER", "/b"], scene)).exit, 10);
    scene.failure = fail("DIRECTORY", { happened: "A file." });
    assert.equal((await clubar(["b", "TOWER", "/b"], scene)).exit, 2);
  });
});

describe("restore", () => {
  const request = { path: "/here/set", force: false };
  const asked = async (
    answers: readonly string[] | undefined,
    ...more: string[]
  ): Promise<{ exit: number; err: string; out: string; did: unknown[] }> => {
    const before = scene.asked.length;
    const ended = await clubar(["r", "set", "noforce", ...more], scene, answers === undefined ? {} : { answers });
    return { ...ended, did: scene.asked.slice(before) };
  };
  for (const answer of ["y", "Y", " y "]) {
    test(`${JSON.stringify(answer)} goes on`, async () => {
      const { exit, out, err, did } = await asked([answer]);
      assert.deepEqual([exit, did], [0, [{ plan: request }, { restore: { ...request, planId: "plan-1" } }]]);
      assert.match(
        err,
        /Step 1: Do it\.\n\n\*\*\*\* WARNING!!! \*\*\*\*\n\nThe existing cluster database will be replaced by the backup/,
      );
      assert.match(out, /^\nSUCCESS\n\nThe restore routine succeeded\. Start the Cluster service on the other/);
    });
  }
  for (const answer of ["", "n", "yes", "yy", "j"]) {
    test(`${JSON.stringify(answer)} does not`, async () => {
      const { exit, did } = await asked([answer]);
      assert.deepEqual([exit, did], [130, [{ plan: request }]]);
    });
  }
  test("without a terminal it refuses, unless --yes", async () => {
    const { exit, err, did } = await asked(undefined);
    assert.deepEqual([exit, did], [3, [{ plan: request }]]);
    assert.match(err, /Nobody can be asked/);
    assert.equal((await asked(undefined, "--yes")).exit, 0);
    assert.equal((await clubar(["-y", "r", "set", "NoForce"], scene)).exit, 0);
  });
  test("force, drive and adopt are passed on", async () => {
    await clubar(["-y", "restore", "/b", "FORCE", "K:", "--adopt"], scene);
    assert.deepEqual(scene.asked.at(-2), { plan: { path: "/b", force: true, drive: "k:", adopt: true } });
  });
  test("--plan only shows", async () => {
    const before = scene.asked.length;
    const { exit, out } = await clubar(["restore", "/b", "--plan"], scene);
    assert.deepEqual(
      [exit, out, scene.asked.slice(before)],
      [0, "Step 1: Do it.\n", [{ plan: { path: "/b", force: false } }]],
    );
  });
  const blocked = [
    [
      "CLUSTER_NODE_UP",
      3,
      /Options:\n\(1\) Manually shut down the Cluster service on all the other nodes[^]*\(2\) Run the program again using the FORCE/,
    ],
    ["QUORUM_DISK_NOT_FOUND", 8, /Options:\n\(1\) Manually reconfigure the quorum disk to match the layout/],
    ["DATABASE_BACKUP_CORRUPT", 5, /Use another\./],
  ] as const;
  for (const [name, code, text] of blocked) {
    test(`blocked by ${name}: not asked, exit ${code}`, async () => {
      const { plan } = scene;
      scene.plan = { ...plan, blockers: [{ name, sentence: "No.", next: "Use another." }] };
      const { exit, err, did } = await asked(["y"]);
      const json = await clubar(["--json", "-y", "r", "set", "noforce"], scene);
      scene.plan = plan;
      assert.deepEqual([exit, did], [code, [{ plan: request }]]);
      assert.match(err, text);
      assert.deepEqual([json.exit, json.out, (JSON.parse(json.err) as { name: string }).name], [code, "", name]);
    });
  }
  test("what fails on the way is told with its options, too", async () => {
    const { client } = scene;
    const post = client.post.bind(client);
    client.post = (path: string, body?: object) => {
      if (path === "/restore") scene.failure = fail("CLUSTER_NODE_UP", { happened: "N2 came up." });
      return post(path, body);
    };
    const { exit, err, out } = await asked(["y"]);
    client.post = post;
    assert.deepEqual([exit, out], [3, ""]);
    assert.match(err, /N2 came up\.\nOptions:/);
  });
});

test("confirm-down asks for the name, and needs it", async () => {
  assert.equal((await clubar(["node", "confirm-down", "N2"], scene)).exit, 2);
  assert.equal((await clubar(["node", "confirm-down", "N2"], scene, { answers: ["N1"] })).exit, 2);
  assert.equal((await clubar(["node", "confirm-down", "N2"], scene, { answers: ["n2"] })).exit, 0);
  assert.equal((await clubar(["node", "evict", "N2"], scene)).exit, 3);
  assert.equal((await clubar(["node", "evict", "N2"], scene, { answers: ["y"] })).exit, 0);
});

test("an audit that finds damage ends with 5 and shows all lines", async () => {
  const checkpoint = {
    kind: "registry",
    path: "SOFTWARE\\A",
    number: 3,
    fileDigest: "",
    contentDigest: "",
    size: 1,
    time: 0,
  } as const;
  scene.audit = [
    { checkpoint, result: "ok", sentence: "Whole." },
    { checkpoint: { ...checkpoint, number: 4 }, result: "lost", sentence: "Gone." },
  ];
  const { exit, out, err } = await clubar(["checkpoint", "list", "web", "--audit"], scene);
  assert.equal(exit, 5);
  assert.match(out, /web +OK +3 +SOFTWARE\\A +Whole\.\nweb +LOST +4 +SOFTWARE\\A +Gone\.\n/);
  assert.match(err, /Lost, damaged or stale: 1 checkpoint/);
});
