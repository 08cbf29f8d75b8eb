/** The wizard's second function in a real browser: one disk resource in the place of another. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readState } from "../../src/database/state.ts";
import { sz } from "../../src/tree/value.ts";
import { Browser, noBrowser } from "./browser.ts";
import { addGroup, serveScene, type ServedScene } from "./served-scene.ts";

describe("replacing a disk on the page", { skip: noBrowser }, () => {
  let browser: Browser;
  let served: ServedScene;

  before(async () => {
    browser = await Browser.open();
    served = await serveScene();
    addGroup(served.scene, "Data", [
      { name: "Old disk", type: "Physical Disk", state: "failed" },
      { name: "New disk", type: "Physical Disk", state: "offline" },
      { name: "Books", type: "Generic Application", state: "offline", needs: ["Old disk"] },
    ]);
    const path = "Resources\\old-disk\\Parameters";
    served.scene.edit({ kind: "set-value", path, value: sz("MountPoint", "/srv/data") });
  });

  after(async () => {
    await browser.close();
    await served.close();
  });

  test("old and new, a plan, the result; nothing is changed before", async () => {
    const tab = await browser.tab(served.url);
    const { page } = tab;
    const next = (name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();
    const needs = (): readonly string[] =>
      readState(served.scene.service.database.tree()).resources.get("books")?.dependsOn ?? [];
    await page.getByRole("link", { name: "Recovery" }).click();
    await page.getByRole("heading", { name: "Which cluster" }).waitFor();
    await next("Next");
    await page.getByText("Replace a physical disk resource").click();
    await next("Next");
    await next("Next");
    await page.getByText("Choose the resource of the old disk.").waitFor();
    await page.getByLabel("Old disk resource").selectOption({ label: "Old disk (failed)" });
    await page.getByLabel("New disk resource").selectOption({ label: "New disk (offline)" });
    await next("Next");
    await page.getByText('"Books" will depend on "New disk".').waitFor();
    assert.match(await page.locator(".step").innerText(), /mounted at \/srv\/data/);
    assert.deepEqual(needs(), ["old-disk"]);
    await next("Replace");
    await page.getByText("Done: New disk replaced Old disk, which is now Old disk (lost).").waitFor();
    assert.deepEqual(needs(), ["new-disk"]);
    assert.deepEqual(tab.complaints, []);
    await page.close();
  });
});
