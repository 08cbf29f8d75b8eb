/** The web page of a node of three real ones: checkpoint files are lost and recovered with its wizard; services die; the quorum is lost. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { Browser, noBrowser, type Tab } from "../page/browser.ts";
import { TestCluster } from "./cluster.ts";
import { waitFor } from "./wait-for.ts";

const token = "feedc0defeedc0defeedc0defeedc0de";
/** How long anything of the cluster's may take, in milliseconds: the times of these nodes are stretched. */
const timeout = 60_000;

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

describe("the web page of three real nodes", { skip: noBrowser }, () => {
  const cluster = new TestCluster("page");
  let browser: Browser;
  let tab: Tab;

  before(async () => {
    const port = await freePort();
    process.env["CLUBAR_PAGE_TOKEN"] = token;
    cluster.serviceOptions.set("N1", ["--page", String(port)]);
    await cluster.form(["N1", "N2", "N3"]);
    await addResource("Shop", "N2");
    await addResource("Mail", "N3");
    browser = await Browser.open();
    tab = await browser.tab(`http://127.0.0.1:${port}/#token=${token}`);
    tab.page.setDefaultTimeout(timeout);
  });

  after(async () => {
    await browser?.close();
    await cluster.end();
  });

  /** A group with an application that needs nothing, its settings and (of Shop) its key, online on that node. */
  async function addResource(name: string, owner: string): Promise<void> {
    const node = cluster.node(owner);
    await cluster.run(node, "group", "create", name);
    const line = "CommandLine=/bin/sleep 100000";
    await cluster.run(node, "resource", "create", name, "--group", name, "--type", "Generic Application", line);
    await cluster.run(node, "group", "online", name, "--wait");
    if ((await cluster.owner(name)).name !== owner) await cluster.run(node, "group", "move", name, owner, "--wait");
    await cluster.run(node, "reg", "add", `HKLM\\SOFTWARE\\${name}`, "--value", "Colour", "--data", "green");
    await cluster.run(node, "checkpoint", "add", name, "--registry", `SOFTWARE\\${name}`);
    if (name !== "Shop") return;
    await cluster.run(node, "key", "create", "1\\Test\\Shop", "--algorithm", "ec-p256");
    await cluster.run(node, "checkpoint", "add", name, "--crypto", "1\\Test\\Shop");
  }

  function shown(name: string, play: (page: Tab["page"]) => Promise<void>): void {
    test(name, async () => {
      try {
        await play(tab.page);
        assert.deepEqual(tab.complaints, []);
      } catch (error) {
        process.stdout.write(`${await tab.page.locator("body").innerText()}\n${cluster.logs(15)}\n`);
        throw error;
      }
    });
  }

  const goTo = (page: Tab["page"], name: string): Promise<void> =>
    page.getByRole("navigation").getByRole("link", { name }).click();

  const resource = (page: Tab["page"], name: string): ReturnType<Tab["page"]["locator"]> =>
    page.locator(".resource", { has: page.locator(".name", { hasText: name }) });

  const checkpointRow = (page: Tab["page"], path: string): ReturnType<Tab["page"]["locator"]> =>
    page.locator(".checkpoints .row", { has: page.getByText(path, { exact: true }) });

  function versionFiles(): string[] {
    return readdirSync(cluster.quorum, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(CPT|CPR)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name));
  }

  shown("shows the three nodes, who owns what, and follows a move by itself", async (page) => {
    await page.locator(".nodes .row").nth(2).waitFor();
    assert.match(await page.locator(".strip").innerText(), /^Well\s+3 of 3 nodes up/);
    const head = page.locator('section[aria-label="Group Shop"] .group-head');
    assert.match(await head.innerText(), /online\s+on N2/);
    await cluster.run(cluster.node("N3"), "group", "move", "Shop", "N3", "--wait");
    await head.getByText("N3").waitFor();
    await cluster.run(cluster.node("N3"), "group", "move", "Shop", "N2", "--wait");
    await head.getByText("N2").waitFor();
    await page.locator(".decisions li").first().waitFor();
  });

  shown("shows a resource that fails, with its reason", async (page) => {
    const node = cluster.node("N1");
    await cluster.run(node, "group", "create", "Broken");
    const line = "CommandLine=/bin/false";
    await cluster.run(node, "resource", "create", "Broken", "--group", "Broken", "--type", "Generic Application", line);
    await cluster.run(node, "group", "online", "Broken");
    await resource(page, "Broken").locator("summary .state").getByText("failed").waitFor();
    assert.notEqual(await resource(page, "Broken").locator(".reason").innerText(), "");
    await page
      .locator(".strip")
      .getByText(/Not serving: .*Broken/)
      .waitFor();
    await cluster.run(node, "group", "offline", "Broken");
    await cluster.run(node, "resource", "delete", "Broken", "--yes");
    await cluster.run(node, "group", "delete", "Broken");
    await page.locator(".strip").getByText("Well").waitFor();
  });

  shown("shows a checkpoint's content, and what differs from the live value on its owner", async (page) => {
    await goTo(page, "Checkpoints");
    await checkpointRow(page, "SOFTWARE\\Shop").getByText("same as live").waitFor();
    await checkpointRow(page, "1\\Test\\Shop").getByText("same as live").waitFor();
    const owner = cluster.node("N2");
    await cluster.run(owner, "group", "offline", "Shop", "--wait");
    await cluster.run(owner, "reg", "add", "HKLM\\SOFTWARE\\Shop", "--value", "Colour", "--data", "blue");
    await page.getByRole("button", { name: "Compare with what is live" }).click();
    await checkpointRow(page, "SOFTWARE\\Shop").getByText("differs from live").waitFor();
    await page.getByRole("link", { name: "SOFTWARE\\Shop" }).click();
    await page.locator(".values").getByText("green").waitFor();
    await page.locator(".diff del").getByText("green").waitFor();
    await page.locator(".diff ins").getByText("blue").waitFor();
    await page.goBack();
    await page.getByRole("link", { name: "1\\Test\\Shop" }).click();
    await page.getByText("What a key container holds is not shown.").waitFor();
  });

  shown(
    "recovers all checkpoints with the wizard after their files were lost; one that fails does not stop the others",
    async (page) => {
      const mail = cluster.node("N3");
      await cluster.run(mail, "group", "offline", "Mail", "--wait");
      await cluster.run(mail, "reg", "delete", "HKLM\\SOFTWARE\\Mail", "--yes");
      const files = versionFiles();
      assert.ok(files.length >= 3, files.join());
      for (const path of files) rmSync(path);

      await goTo(page, "Recovery");
      await page.getByRole("radio", { name: /DEMO/ }).check();
      await page.getByRole("button", { name: "Next" }).click();
      await page.getByRole("radio", { name: /Restore cluster resource checkpoints/ }).check();
      await page.getByRole("button", { name: "Next" }).click();
      await page.getByRole("radio", { name: /All resources/ }).check();
      await page.getByRole("button", { name: "Next" }).click();
      await page.getByText("2 checkpoints will be re-created, 0 are the same already, 1 can't be.").waitFor();
      assert.deepEqual(versionFiles(), [], "a plan changes nothing");
      await page.getByRole("button", { name: "Restore" }).click();
      await page.getByText("Done: 2 checkpoints re-created, 0 the same already, 1 failed.").waitFor();
      const lines = page.locator(".lines > li");
      assert.match(await lines.filter({ hasText: "SOFTWARE\\Mail" }).innerText(), /failed[^]*Mail on N3[^]*Next:/);
      assert.match(
        await lines.filter({ hasText: "SOFTWARE\\Shop" }).innerText(),
        /re-created[^]*Shop on N2; file lost/,
      );
      assert.equal(versionFiles().length, 2);

      await goTo(page, "Checkpoints");
      await checkpointRow(page, "SOFTWARE\\Shop").getByText("same as live").waitFor();
      await checkpointRow(page, "SOFTWARE\\Mail").getByText("file lost").waitFor();
      await cluster.run(cluster.node("N2"), "group", "online", "Shop", "--wait");
      assert.match(await cluster.run(cluster.node("N2"), "reg", "query", "HKLM\\SOFTWARE\\Shop"), /blue/);
    },
  );

  shown("recovers one typed resource, and a damaged file of it", async (page) => {
    const [first] = versionFiles().filter((path) => path.endsWith(".CPT"));
    assert.ok(first);
    writeFileSync(first, "torn");
    await goTo(page, "Recovery");
    await page
      .getByRole("button", { name: "Begin again" })
      .or(page.getByRole("button", { name: "Next" }))
      .click();
    for (let step = 0; step < 3 && !(await page.getByLabel("Resource", { exact: true }).isVisible()); step++) {
      await page.getByRole("button", { name: "Next" }).click();
    }
    await page.getByLabel("Resource", { exact: true }).fill("shop");
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByText("1 checkpoint will be re-created, 1 are the same already, none can't be.").waitFor();
    await page.getByRole("button", { name: "Restore" }).click();
    await page.getByText("Done: 1 checkpoint re-created, 1 the same already, none failed.").waitFor();
    assert.match(await page.locator(".lines").innerText(), /file damaged/);
  });

  shown("shows a backup and verifies it", async (page) => {
    const leader: NodeProcess = await cluster.leader();
    await cluster.run(cluster.node("N3"), "checkpoint", "remove", "Mail", "--registry", "SOFTWARE\\Mail", "--yes");
    await goTo(page, "Backups");
    await page.getByText("No backup is known.").waitFor();
    const set = join(cluster.folder, "set");
    await cluster.run(leader, "backup", "DEMO", set);
    await page.getByText(set).waitFor();
    await page.getByRole("button", { name: `Verify ${set}` }).click();
    await page.locator(".backups .row .state").getByText("verified", { exact: true }).waitFor();
  });

  shown("says that its service was killed, and recovers by itself when it runs again", async (page) => {
    await goTo(page, "Cluster");
    tab.lossIsExpected = true;
    const node = cluster.node("N1");
    node.signal("SIGKILL");
    await page.locator(".strip").getByText("No connection").waitFor();
    assert.match(await page.locator(".strip").innerText(), /does not answer since .* What you see is old\./);
    await node.exit;
    await cluster.whole();
    await page.locator(".strip").getByText("Well").waitFor();
  });

  shown("has left its token in no log and no file of the node", async () => {
    const { data } = cluster.node("N1");
    const entries = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const holding = entries
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => readFileSync(path, "latin1").includes(token));
    assert.ok(entries.some((entry) => entry.name === "service.log"));
    assert.deepEqual(holding, []);
  });

  shown("says that there is no quorum any more", async (page) => {
    for (const name of readdirSync(cluster.quorum)) rmSync(join(cluster.quorum, name), { recursive: true });
    await page.getByText("Node N1 is in no cluster with a leader now.").waitFor();
    assert.match(await page.locator(".strip").innerText(), /^Trouble/);
    const alone = async (): Promise<boolean> => (await cluster.node("N1").status())?.self.state === "alone";
    await waitFor("N1 is alone", alone, timeout, () => cluster.describe());
  });
});
