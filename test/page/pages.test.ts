/** The web page in a real browser, served by a pretended node: what it shows, when, and what it never does. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { CheckpointCall } from "../../src/api/node-service.ts";
import { fail } from "../../src/base/errors.ts";
import type { RecreateLine } from "../../src/checkpoint/checkpoint.ts";
import type { Diagnosis } from "../../src/recovery/doctor.ts";
import { dword, sz } from "../../src/tree/value.ts";
import { Browser, noBrowser, type Tab } from "./browser.ts";
import { addGroup, serveScene, type ServedScene, token } from "./served-scene.ts";

/** Two resources get a checkpoint each; the owner re-creates one at each `release`, and plans at once. */
function holdOwner({ scene }: ServedScene): { release: () => void } {
  for (const id of ["shop-settings", "shop-server"]) {
    const version = `Resources\\${id}\\Checkpoints\\00000001`;
    scene.edit(
      { kind: "set-value", path: `Resources\\${id}\\RegSync`, value: sz("00000001", `SOFTWARE\\${id}`) },
      { kind: "set-value", path: version, value: sz("Path", `SOFTWARE\\${id}`) },
      { kind: "set-value", path: version, value: sz("Kind", "CPT") },
    );
  }
  const waiting: (() => void)[] = [];
  const atOwner = async (call: CheckpointCall): Promise<readonly RecreateLine[]> => {
    if (call.call === "recreate" && call.plan !== true) await new Promise<void>((resolve) => waiting.push(resolve));
    const path = `SOFTWARE\\${call.resource}`;
    return [
      {
        kind: "registry",
        path,
        before: 1,
        number: 2,
        result: "re-created",
        file: "lost",
        sentence: "It is made anew.",
      },
    ];
  };
  Object.assign(scene.service, { atOwner });
  return { release: () => waiting.shift()?.() };
}

const diagnosis: Diagnosis = {
  verdict: "It works, but one thing needs attention: A file is lost.",
  restore: { needed: "no", sentence: "No restore is needed." },
  findings: [
    { id: "lost", level: "warning", sentence: "A file is lost.", why: "It was deleted.", exit: 4, advice: [] },
    { id: "quorum", level: "ok", sentence: "The quorum answers.", why: "", exit: 0, advice: [] },
  ],
  next: [{ command: "clubar recover checkpoints --all", why: "Makes them anew." }],
  newest: null,
  exit: 4,
};

describe("the web page", { skip: noBrowser }, () => {
  let browser: Browser;
  let served: ServedScene;

  before(async () => {
    browser = await Browser.open();
  });

  after(async () => {
    await browser.close();
  });

  /** Opens the page on a new pretended node and holds that the browser complained of nothing else. */
  async function seen(
    work: (tab: Tab) => Promise<void>,
    { at, complaint, fill }: { readonly at?: string; readonly complaint?: RegExp; readonly fill?: boolean } = {},
  ): Promise<void> {
    served = await serveScene(fill);
    const tab = await browser.tab(at === undefined ? served.url : served.url.replace(/#.*/, at));
    try {
      await work(tab);
      assert.deepEqual(
        tab.complaints.filter((one) => complaint?.test(one) !== true),
        [],
      );
    } finally {
      await tab.page.close();
      await served.close();
    }
  }

  const resource = (page: Tab["page"], name: string): ReturnType<typeof page.locator> =>
    page.locator(".resource", { has: page.locator(".name", { hasText: name }) });

  test("of many groups shows fifty, those that need a look first, and finds the others", () =>
    seen(async ({ page }) => {
      for (let n = 0; n < 60; n++)
        addGroup(served.scene, `Many ${n}`, [
          { name: `Part of ${n}`, type: "Render", state: n === 57 ? "failed" : "online" },
        ]);
      const groups = page.locator(".group");
      const first = page.locator(".group h3").filter({ hasText: /^Many/ }).first();
      const told = (text: string): Promise<void> => page.locator(".finder").getByText(text, { exact: true }).waitFor();
      await told("1–50 of 65");
      assert.deepEqual([await groups.count(), await first.innerText()], [50, "Many 57"]);
      await page.getByRole("button", { name: "Next" }).click();
      await told("51–65 of 65");
      await page.getByLabel("Find a group or resource").fill("PART OF 33");
      await told("1–1 of 1");
      assert.equal(await first.innerText(), "Many 33");
      await page.getByLabel("Only what needs a look").check();
      await page.getByText("No group is like that.").waitFor();
      await page.getByLabel("Find a group or resource").fill("");
      await page.locator(".group", { hasText: "Many 57" }).waitFor();
    }));

  test("shows nodes, groups and resources with state, owner, dependencies and reason, and why things were decided", () =>
    seen(async ({ page }) => {
      const main = page.locator("main");
      for (const wanted of ["above RestartThreshold", "its host proved that everything stopped", "coming online"])
        await main.getByText(wanted).first().waitFor();
      const text = await main.innerText();
      assert.ok(text.includes("TOWER"), text);
      assert.match(text, /Node N2 is down: its host proved/);
      assert.match(await page.locator(".strip").innerText(), /^Trouble\s+1 of 2 nodes up\. Not serving: Payroll/);
      const order = await page.locator('section[aria-label="Group Web shop"] .name').allInnerTexts();
      assert.deepEqual(
        order.map((name) => name.replace(/^↳\s*/, "")),
        ["Shop settings", "Shop server", "Shop mail"],
      );
      await resource(page, "Shop server").locator("summary").click();
      assert.match(await page.locator(".resource[open]").innerText(), /Needs\s+Shop settings\s+Needed by\s+Shop mail/);
      assert.ok(!page.url().includes(token), page.url());
      assert.equal(await page.title(), "Cluster – TOWER");
    }));

  test("changes by itself as the cluster does, and what did not change stays where it is", () =>
    seen(async ({ page }) => {
      const server = resource(page, "Shop server");
      await server.waitFor();
      const places = (): Promise<readonly number[]> =>
        page
          .locator(".resource, .group-head, .decisions li")
          .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
      const placesBefore = await places();
      served.scene.edit({ kind: "set-value", path: "Runtime\\Resources\\shop-server", value: dword("State", 129) });
      await server.getByText("coming online").waitFor();
      assert.deepEqual(await places(), placesBefore);
      served.scene.edit(
        { kind: "set-value", path: "Runtime\\Resources\\shop-server", value: dword("State", 4) },
        {
          kind: "set-value",
          path: "Runtime\\Resources\\shop-server",
          value: sz("Reason", "It ended with exit code 1."),
        },
      );
      await server.getByText("failed").waitFor();
      assert.match(await server.innerText(), /It ended with exit code 1\./);
      assert.match(await page.locator(".strip").innerText(), /Not serving: .*Web shop/);
    }));

  test("shows what the doctor says, and commands that help", () =>
    seen(async ({ page }) => {
      Object.assign(served.scene.service, { doctor: async () => diagnosis });
      await page.getByRole("button", { name: "Ask the doctor what is wrong" }).click();
      await page.getByText("No restore is needed.").waitFor();
      assert.match(
        await page.locator(".doctor .next").innerText(),
        /clubar recover checkpoints --all\s+Makes them anew\./,
      );
      await page.getByText("Everything that was looked at").click();
      assert.match(
        await page.locator(".doctor .finding").first().innerText(),
        /warning\s+A file is lost\. It was deleted\./,
      );
    }));

  test("text from the cluster never becomes markup, and nothing else could make any", () =>
    seen(
      async ({ page }) => {
        const evil = '<img src=x onerror="document.title=1">';
        served.scene.edit({ kind: "set-value", path: "Groups\\archive", value: sz("Name", evil) });
        await page.getByText(evil).first().waitFor();
        assert.equal(await page.locator("img").count(), 0);
        const refused = await page.evaluate(() => {
          try {
            document.body.innerHTML = "<p>x</p>";
            return "taken";
          } catch (error) {
            return (error as Error).name;
          }
        });
        assert.equal(refused, "TypeError");
      },
      { complaint: /TrustedHTML/ },
    ));

  test("says that the node does not answer, keeps what it knew, and recovers by itself", () =>
    seen(async (tab) => {
      const { page } = tab;
      const strip = page.locator(".strip");
      await page.getByText("Web shop").first().waitFor();
      tab.lossIsExpected = true;
      await served.silence();
      await strip.getByText("No connection").waitFor();
      assert.match(await strip.innerText(), /does not answer since \d\d:\d\d:\d\d\. What you see is old\./);
      assert.ok(await page.locator(".strip.lost").isVisible());
      assert.ok(await page.getByText("Web shop").first().isVisible());
      served.scene.edit({ kind: "set-value", path: "Runtime\\Resources\\archive", value: dword("State", 2) });
      await served.serve();
      await strip.getByText("Trouble").waitFor();
      await resource(page, "Archive").locator(".state").getByText("online").waitFor();
    }));

  test("rests while nobody looks at it, and knows everything when somebody does again", () =>
    seen(async (tab) => {
      const { page } = tab;
      await page.getByText("Web shop").first().waitFor();
      const look = (hidden: boolean): Promise<void> =>
        page.evaluate((now) => {
          Object.defineProperty(document, "hidden", { value: now, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }, hidden);
      const isEnded = page.waitForEvent("requestfailed", (request) => request.url().endsWith("/events"));
      await look(true);
      await isEnded;
      served.scene.edit({ kind: "set-value", path: "Runtime\\Resources\\archive", value: dword("State", 2) });
      await look(false);
      await resource(page, "Archive").locator("summary .state").getByText("online").waitFor();
      assert.equal(await page.locator(".strip.lost").count(), 0);
    }));

  test("says that there is no quorum, on every page that could change something", () =>
    seen(async ({ page }) => {
      await page.getByText("Web shop").first().waitFor();
      served.scene.status = { state: "alone", because: "The quorum folder does not answer.", leader: undefined };
      await page.getByText("Node N1 is in no cluster with a leader now.").waitFor();
      assert.match(
        await page.locator(".strip").innerText(),
        /Trouble\s+Node N1 is no member of the cluster now \(alone\)\./,
      );
      await page.getByRole("link", { name: "Recovery" }).click();
      await page.getByText("Nothing can be recovered from here now.").waitFor();
      served.scene.status = {};
      await page.getByText("Nothing can be recovered from here now.").waitFor({ state: "detached" });
    }));

  test("asks for the token when none or a wrong one came, and takes the printed address", () =>
    seen(
      async (tab) => {
        const { page } = tab;
        await page.getByText("needs the token").waitFor();
        await page.getByLabel("The address, or the token alone").fill("not a token");
        await page.getByRole("button", { name: "Open" }).click();
        await page.getByText("There is no token in that.").waitFor();
        await page.getByLabel("The address, or the token alone").fill(served.url);
        await page.getByRole("button", { name: "Open" }).click();
        await page.getByText("Web shop").first().waitFor();
        tab.lossIsExpected = true;
        await page.evaluate(() => sessionStorage.setItem("clubar-token", "old"));
        await page.reload();
        await page.getByText("The token is not the one of this service.").waitFor();
      },
      { at: "" },
    ));

  test("shows progress, and a run that goes on while the page is gone or not connected", () =>
    seen(async (tab) => {
      const { page } = tab;
      const held = holdOwner(served);
      await page.getByRole("link", { name: "Recovery" }).click();
      for (let step = 0; step < 3; step++) await page.getByRole("button", { name: "Next" }).click();
      await page.getByText("2 checkpoints will be re-created").waitFor();
      await page.getByRole("button", { name: "Restore" }).click();
      await page.getByText(/^Working on Shop \w+: 0 of 2 checkpoints have a result\.$/).waitFor();
      held.release();
      await page.getByText(/^Working on Shop \w+: 1 of 2 checkpoints have a result\.$/).waitFor();
      await page.reload();
      await page.getByRole("link", { name: "Recovery" }).click();
      await page.getByText(/1 of 2 checkpoints have a result/).waitFor();
      tab.lossIsExpected = true;
      await served.silence();
      await page.getByText("The work goes on in the service").waitFor();
      held.release();
      await served.serve();
      await page.getByText("Done: 2 checkpoints re-created, 0 the same already, none failed.").waitFor();
    }));

  test("says what is not there yet", () =>
    seen(
      async ({ page }) => {
        await page.getByText("No decision is known to this node.").waitFor();
        await page.getByRole("link", { name: "Checkpoints" }).click();
        await page.getByText("There are no checkpoints yet").waitFor();
        await page.getByRole("link", { name: "Backups" }).click();
        await page.getByText("No backup is known.").waitFor();
        await page.getByText("This node sees no set.").waitFor();
        await page.getByRole("link", { name: "Recovery" }).click();
        for (let step = 0; step < 3; step++) await page.getByRole("button", { name: "Next" }).click();
        await page.getByText("There are no checkpoints here, so there is nothing to restore.").waitFor();
        assert.ok(await page.getByRole("button", { name: "Restore" }).isDisabled());
      },
      { fill: false },
    ));

  test("looks for backup sets, verifies one, and says what is wrong", () =>
    seen(
      async ({ page }) => {
        const set = {
          time: Date.UTC(2026, 10, 21),
          cluster: "TOWER",
          tag: "1:3:250",
          node: "N1",
          bytes: 5000,
          remark: undefined,
        };
        const mine = "11111111-2222-4333-8444-555555555555";
        served.scene.sets = [
          { ...set, path: "/b/good", complete: true, instance: mine },
          { ...set, path: "/b/half", complete: false, instance: undefined },
          { ...set, path: "/b/other", complete: true, instance: "9", cluster: "OTHER" },
        ];
        await page.getByRole("link", { name: "Backups" }).click();
        await page.getByText("/b/good").waitFor();
        const rows = page.locator(".backups > li");
        assert.match(await rows.nth(0).innerText(), /not verified/);
        assert.match(await rows.nth(1).innerText(), /never finished/);
        assert.match(await rows.nth(2).innerText(), /Of another cluster: OTHER/);
        await page.getByRole("button", { name: "Verify /b/good" }).click();
        await rows.nth(0).getByText("verified", { exact: true }).waitFor();
        assert.match(await rows.nth(0).innerText(), /1 part: none damaged, everything was checked/);
        served.scene.failure = fail("DATABASE_BACKUP_CORRUPT", {
          happened: "It was never finished.",
          next: "Use another.",
        });
        await page.getByRole("button", { name: "Verify /b/half" }).click();
        await rows.nth(1).getByText("That did not work. It was never finished.").waitFor();
        served.scene.sets = [];
        await page.getByLabel("Folder on N1 to look in").fill("/elsewhere");
        await page.keyboard.press("Enter");
        await page.getByText("There is no set in /elsewhere.").waitFor();
      },
      { complaint: /status of 422/ },
    ));
});
