/** The web page for everybody: by keyboard alone, on a phone, in both themes, to programs that read it aloud. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import axe from "axe-core";
import type { Page } from "playwright-core";
import type { RecreateLine } from "../../src/checkpoint/checkpoint.ts";
import { dword, sz } from "../../src/tree/value.ts";
import { Browser, type Looking, noBrowser, type Tab } from "./browser.ts";
import { serveScene, type ServedScene } from "./served-scene.ts";

const looks: Readonly<Record<string, Looking>> = {
  light: {},
  dark: { dark: true },
  phone: { width: 360, height: 740 },
  "phone, dark": { width: 360, height: 740, dark: true },
};

/** Gives resource "Shop settings" a checkpoint that can be re-created, and "Shop server" one that can't. */
function addCheckpoints({ scene }: ServedScene): void {
  const paths = { "shop-settings": "SOFTWARE\\Shop", "shop-server": "SOFTWARE\\Server" };
  for (const [id, path] of Object.entries(paths)) {
    const version = `Resources\\${id}\\Checkpoints\\00000001`;
    scene.edit(
      { kind: "set-value", path: `Resources\\${id}\\RegSync`, value: sz("00000001", path) },
      { kind: "set-value", path: version, value: sz("Path", path) },
      { kind: "set-value", path: version, value: sz("Kind", "CPT") },
      { kind: "set-value", path: version, value: dword("Size", 100) },
    );
  }
  const line = { kind: "registry", before: 1, file: "lost" } as const;
  const good: RecreateLine = {
    ...line,
    path: paths["shop-settings"],
    number: 2,
    result: "re-created",
    sentence: "It is made anew.",
  };
  const error = { name: "FILE_NOT_FOUND", win32: 2, exit: 8, next: "Create the key." } as const;
  const bad: RecreateLine = {
    ...line,
    path: paths["shop-server"],
    number: 1,
    result: "failed",
    sentence: "No such key.",
    error,
  };
  scene.recreated = (call) => [call.resource === "shop-settings" ? good : bad];
}

async function opened(look: Looking, work: (tab: Tab, served: ServedScene) => Promise<void>): Promise<void> {
  const served = await serveScene();
  addCheckpoints(served);
  const browser = await Browser.open(look);
  try {
    const tab = await browser.tab(served.url);
    await tab.page.getByText("Web shop").first().waitFor();
    await work(tab, served);
    assert.deepEqual(tab.complaints, []);
  } finally {
    await browser.close();
    await served.close();
  }
}

/** What axe finds wrong, contrast included, and whether anything lies beyond the right edge. */
async function faults(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run(document);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
    );
  });
  const tooWide = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  return tooWide > 0 ? [...found, `${tooWide} px too wide`] : found;
}

describe("the web page for everybody", { skip: noBrowser }, () => {
  for (const [name, look] of Object.entries(looks)) {
    test(`has no fault that axe knows and fits its window: ${name}`, () =>
      opened(look, async ({ page }) => {
        const found: string[] = [];
        const check = async (where: string): Promise<void> => {
          found.push(...(await faults(page)).map((fault) => `${where}: ${fault}`));
        };
        await page.locator(".resource summary").first().click();
        await check("cluster");
        await page.getByRole("link", { name: "Recovery" }).click();
        await check("recovery, cluster");
        await page.getByRole("button", { name: "Next" }).click();
        await check("recovery, task");
        await page.getByRole("button", { name: "Next" }).click();
        await check("recovery, resources");
        await page.getByRole("button", { name: "Next" }).click();
        await page.locator(".lines").waitFor();
        await check("recovery, plan");
        await page.getByRole("button", { name: "Restore" }).click();
        await page.getByText("Begin again").waitFor();
        await check("recovery, result");
        await page.getByRole("link", { name: "Backups" }).click();
        await page.getByRole("link", { name: "Recovery" }).click();
        await page.getByRole("button", { name: "Show the last result" }).click();
        await page.getByText("1 checkpoint re-created, 0 the same already, 1 failed").waitFor();
        for (const other of ["Checkpoints", "Backups"]) {
          await page.getByRole("link", { name: other }).click();
          await page.getByRole("heading", { name: other, level: 1 }).waitFor();
          await check(other);
        }
        assert.deepEqual(found, []);
      }));
  }

  test("the whole wizard needs the keyboard only, and the focus is always seen", () =>
    opened({}, async ({ page }, { scene }) => {
      const press = async (...keys: readonly string[]): Promise<void> => {
        for (const key of keys) await page.keyboard.press(key);
      };
      const focusOn = (text: string): Promise<unknown> =>
        page.waitForFunction((wanted) => document.activeElement?.textContent?.trim() === wanted, text);
      await press("Tab");
      await focusOn("Skip to the content");
      await press("Tab", "Tab", "Tab");
      await focusOn("Recovery");
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
      assert.equal(outline, "solid");
      await press("Enter");
      await page.getByRole("heading", { name: "Which cluster" }).waitFor();
      await page.waitForFunction(() => document.activeElement?.id === "main");
      await press("Tab", "Enter");
      await focusOn("What is to be done?");
      await press("Tab", "Enter");
      await focusOn("For which resources?");
      await press("Tab", "ArrowDown", "Tab");
      await page.keyboard.type("No such");
      await press("Enter");
      await page.getByText('There is no resource "No such" in this cluster.').waitFor();
      await page.waitForFunction(() => document.activeElement?.id === "resource");
      await press("Control+a");
      await page.keyboard.type("shop SETTINGS");
      await press("Enter");
      await page.getByText("1 checkpoint will be re-created, 0 are the same already, none can't be.").waitFor();
      await focusOn("What will be done");
      assert.ok(
        scene.asked.every((one) => (one as { plan?: boolean }).plan !== undefined),
        "nothing was done yet",
      );
      await press("Tab", "Tab", "Enter");
      await page.getByText("Done: 1 checkpoint re-created, 0 the same already, none failed.").waitFor();
      await focusOn("What was done");
      await press("Tab", "Enter");
      await focusOn("Which cluster is to be recovered?");
    }));
});
