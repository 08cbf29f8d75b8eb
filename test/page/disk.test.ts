/** The wizard's second function in a real browser: one disk resource in the place of another. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { MoveQuorumCalls, RestorePlanView } from "../../src/api/node-service.ts";
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

  test("the quorum's disk: what moves, what forbids it, and what was done", async () => {
    const { service } = served.scene;
    const point = (disk: string, place: string): void =>
      served.scene.edit({ kind: "set-value", path: `Resources\\${disk}\\Parameters`, value: sz("MountPoint", place) });
    addGroup(served.scene, "Quorum", [
      { name: "Small disk", type: "Physical Disk", state: "offline" },
      { name: "Large disk", type: "Physical Disk", state: "offline" },
    ]);
    point("small-disk", service.quorum.place);
    point("large-disk", "/mnt/large");
    const asked: unknown[] = [];
    const blockers = [{ name: "DISK_FULL", sentence: "There is too little room.", next: "Make room there." }] as const;
    let answer: RestorePlanView = {
      id: "p1",
      lines: ["Moves: the cluster database."],
      blockers,
      warnings: ["N3 is off."],
    };
    const moveQuorum: MoveQuorumCalls = {
      plan: async () => answer,
      carryOut: async (request) => {
        asked.push(request);
        return { tag: "2:0:9", safetyBackup: undefined, lines: ["The quorum is /mnt/large/quorum now."] };
      },
    };
    Object.assign(service, { moveQuorum });
    const tab = await browser.tab(served.url);
    const { page } = tab;
    const next = (name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();
    await page.getByRole("link", { name: "Recovery" }).click();
    await page.getByRole("heading", { name: "Which cluster" }).waitFor();
    await next("Next");
    await page.getByText("Replace a physical disk resource").click();
    await next("Next");
    await page.getByLabel("Old disk resource").selectOption({ label: "Small disk (offline)" });
    await page.getByLabel("New disk resource").selectOption({ label: "Large disk (offline)" });
    await next("Next");
    await page.getByRole("heading", { name: "The quorum moves with its disk" }).waitFor();
    assert.match(await page.locator(".step").innerText(), /Not now. There is too little room.\s+Make room there./);
    assert.equal(await page.getByRole("button", { name: "Replace" }).isDisabled(), true);
    answer = { ...answer, blockers: [] };
    await next("Back");
    await next("Next");
    await page.getByText("N3 is off.").waitFor();
    await next("Replace");
    await page.getByText("The quorum is /mnt/large/quorum now.").waitFor();
    const replaces = { old: "small-disk", with: "large-disk" };
    assert.deepEqual(asked, [{ kind: "directory", place: "/mnt/large/quorum", replaces, planId: "p1" }]);
    assert.deepEqual(tab.complaints, []);
    await page.close();
  });
});
