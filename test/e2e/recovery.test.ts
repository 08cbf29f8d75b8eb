/** Checkpoint files lost, torn and foreign on real nodes: the audit sees it, nothing starts with old settings, `recover` mends it. */
import assert from "node:assert/strict";
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RecreationReportView } from "../../src/api/routes/recovery.ts";
import type { LostView } from "../../src/api/status-view.ts";
import { kill } from "../../src/daemon/demo/own-processes.ts";
import { stage } from "./scenario.ts";
import { waitFor } from "./wait-for.ts";

const { cluster, app, scenario } = stage("recovery");

/** The newest version file of each kind. */
function versionFiles(): string[] {
  return globSync(join(cluster.quorum, "generation", "*", "{*}", "*.CP[TR]")).sort();
}

function byFirst([a]: readonly unknown[], [b]: readonly unknown[]): number {
  return String(a) < String(b) ? -1 : 1;
}

function lost(): Promise<readonly LostView[]> {
  return waitFor(
    "the audit finds it",
    async () => {
      const found = (await cluster.status())?.checkpoints.lost ?? [];
      return found.length > 0 && found;
    },
    60_000,
  );
}

async function recover(...args: readonly string[]): Promise<{ code: number; report: RecreationReportView }> {
  const [node] = cluster.nodes;
  assert.ok(node);
  const { code, stdout, stderr } = await cluster.command(node, ["--json", "recover", "checkpoints", ...args, "--yes"]);
  assert.notEqual(stdout, "", stderr);
  return { code, report: JSON.parse(stdout) as RecreationReportView };
}

scenario(
  "all checkpoint files deleted: found, re-created, and a failover brings the newest setting along",
  async () => {
    const owner = await cluster.owner("App");
    await cluster.run(owner, "key", "create", "1\\\\AppKey");
    await cluster.run(owner, "checkpoint", "add", "App", "--crypto", "1\\\\AppKey");
    const publicKey = await cluster.run(owner, "key", "public", "1\\\\AppKey");
    await app.change(owner);
    for (const file of versionFiles()) rmSync(file);
    assert.deepEqual((await lost()).map(({ path, how, onlyOn }) => [path, how, onlyOn]).sort(byFirst), [
      ["1\\\\AppKey", "lost", owner.name],
      ["SOFTWARE\\App", "lost", owner.name],
    ]);
    const [elsewhere] = cluster.others(owner);
    assert.ok(elsewhere);
    const refused = await cluster.command(elsewhere, ["group", "move", "App", elsewhere.name]);
    assert.equal(refused.code, 3, refused.stderr);
    assert.match(refused.stderr, /has not the newest settings of "App"/);
    const { code, report } = await recover("--all");
    assert.deepEqual([code, report.counts], [0, { reCreated: 2, same: 0, failed: 0 }]);
    const before = await app.running();
    await cluster.run(elsewhere, "group", "move", "App", elsewhere.name);
    await app.after(before);
    assert.equal(await cluster.run(elsewhere, "key", "public", "1\\\\AppKey"), publicKey);
    assert.equal((await recover("App")).report.counts.same, 2);
  },
);

scenario(
  "torn and foreign files: recovered with the old ones kept aside; SIGKILL of the owner then loses nothing",
  async () => {
    const owner = await cluster.owner("App");
    await app.change(owner);
    const newest =
      versionFiles()
        .filter((file) => file.endsWith(".CPT"))
        .at(-1) ?? "";
    const [older = newest] = versionFiles();
    const isForeign = older !== newest && older.endsWith(".CPT");
    writeFileSync(newest, isForeign ? readFileSync(older) : readFileSync(newest).subarray(0, 100));
    const key =
      versionFiles()
        .filter((file) => file.endsWith(".CPR"))
        .at(-1) ?? "";
    writeFileSync(key, "torn");
    await lost();
    const { report } = await recover("App");
    assert.deepEqual(
      report.lines.map(({ result }) => result),
      ["re-created", "re-created"],
    );
    const kept = report.lines.find(({ kind }) => kind === "crypto")?.aside ?? "";
    assert.equal(readFileSync(kept, "utf8"), "torn");
    const before = await app.running();
    owner.signal("SIGKILL");
    await app.after(before);
  },
);

scenario(
  "the last owner down: nothing starts elsewhere, it says why, and its return brings the settings back",
  async () => {
    const owner = await cluster.owner("App");
    const before = await app.running();
    await app.change(owner);
    for (const file of versionFiles()) rmSync(file);
    await lost();
    const host = cluster.host(owner);
    owner.signal("SIGKILL");
    kill(host, "SIGKILL");
    const others = cluster.others(owner);
    const [asked] = others;
    assert.ok(asked);
    await waitFor(
      "it waits",
      async () => {
        const waits = (await Promise.all(others.map((node) => node.status()))).flatMap((one) => one?.self.waits ?? []);
        return waits.some((wait) => wait.includes('has not the newest settings of "App"'));
      },
      60_000,
      () => cluster.describe(),
    );
    // Its word may come from the new leader while the other node still looks for one.
    await cluster.follows(asked);
    const command = await cluster.command(asked, ["recover", "checkpoints", "App", "--yes"]);
    assert.equal(command.code, 11, command.stdout + command.stderr);
    assert.match(command.stdout, /FAILED .*is down/);
    await cluster.whole();
    await app.after(before);
    assert.equal((await cluster.owner("App")).name, owner.name);
    const reason = async (): Promise<string> =>
      (await cluster.status())?.resources.find(({ name }) => name === "App")?.reason ?? "";
    await waitFor("event 1024 is told", async () => (await reason()).includes("Event 1024"), 30_000);
    assert.equal((await recover("--all")).code, 0);
    await waitFor("it is told no more", async () => (await reason()) === "", 30_000);
  },
);

scenario("delete all and re-create: what can't be captured keeps its file, the rest is new", async () => {
  const owner = await cluster.owner("App");
  const gone = await cluster.command(owner, ["key", "delete", "1\\\\AppKey", "--yes"]);
  assert.equal(gone.code, 7, "gone, and that is in no version");
  const files = new Set(versionFiles());
  const { code, report } = await recover("--all", "--delete-first");
  assert.equal(code, 4);
  assert.deepEqual(report.lines.map((line) => [line.kind, line.result, line.error?.name]).sort(byFirst), [
    ["crypto", "failed", "NTE_BAD_KEYSET"],
    ["registry", "re-created", undefined],
  ]);
  await waitFor(
    "the old files are gone",
    () => {
      const left = versionFiles().filter((file) => files.has(file));
      return left.length > 0 && left.every((file) => file.endsWith(".CPR"));
    },
    30_000,
  );
  await cluster.run(owner, "checkpoint", "remove", "App", "--crypto", "1\\\\AppKey");
  const before = await app.running();
  await app.change(owner);
  owner.signal("SIGKILL");
  await app.after(before);
});

scenario(
  "an older set in force: groups wait, all files are deleted and re-created, the newest settings live on",
  async () => {
    const set = join(cluster.folder, "set");
    const owner = await cluster.owner("App");
    await cluster.run(owner, "backup", "DEMO", set);
    await app.change(owner);
    const [last] = app.history().runs.slice(-1);
    assert.ok(last);
    const leader = await cluster.leader();
    await cluster.run(leader, "restore", set, "force", "--yes");
    await cluster.whole();
    await waitFor(
      "App is held and owned",
      async () => {
        const found = (await cluster.status())?.groups.find(({ name }) => name === "App");
        return found?.owner === owner.name && found.held !== null;
      },
      60_000,
      () => cluster.describe(),
    );
    const plan = await cluster.run(owner, "recover", "checkpoints", "--all", "--delete-first", "--plan");
    assert.match(plan, /DELETE SOFTWARE\\App: .*deleted first/);
    assert.doesNotMatch(plan, /Warning/);
    const { code, report } = await recover("--all", "--delete-first");
    assert.deepEqual([code, report.counts.reCreated], [0, 1]);
    await cluster.run(owner, "group", "release", "--all", "--yes");
    await app.after(last);
  },
);

scenario("an edit while offline is seen, and kept when the next online replaces it", async () => {
  const owner = await cluster.owner("App");
  const [last] = app.history().runs.slice(-1);
  assert.ok(last);
  await cluster.run(owner, "group", "offline", "App", "--wait");
  await cluster.run(owner, "reg", "add", "HKLM\\SOFTWARE\\App", "--value", "SETTING", "--data", "by hand");
  const edits = await waitFor(
    "it is seen",
    async () => {
      const found = (await cluster.status())?.checkpoints.offlineEdits ?? [];
      return found.length > 0 && found;
    },
    60_000,
  );
  assert.deepEqual(edits, [{ resource: "App", path: "SOFTWARE\\App", node: owner.name }]);
  await cluster.run(owner, "group", "online", "App");
  await app.after(last);
  const losers = await cluster.run(owner, "checkpoint", "losers", "App");
  assert.match(losers, /live settings that version \d+ replaced/);
});
