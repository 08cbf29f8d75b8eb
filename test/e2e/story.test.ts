/** The story of `npm start -- --story recovery`, chapter by chapter, with a real browser where there is one. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { recoverByPageRequests } from "../../src/daemon/demo/recovery/page-api.ts";
import { recoveryChapters } from "../../src/daemon/demo/recovery/story-of-recovery.ts";
import { removeFolder, takeDown } from "../../src/daemon/demo/step-6-stay.ts";
import { Story } from "../../src/daemon/demo/story.ts";
import { Web } from "../../src/daemon/demo/web.ts";
import { prepareWebService } from "../../src/daemon/demo/web-service.ts";
import { Browser, noBrowser } from "../page/browser.ts";

const lines: string[] = [];
/** A chapter begins with what the one before left. */
let isBroken = false;
const story = new Story({
  folder: mkdtempSync(join(tmpdir(), "clubar-e2e-story-")),
  names: ["NODE1", "NODE2", "NODE3"],
  write: (line) => void lines.push(line),
  signal: new AbortController().signal,
  timingFactor: 5,
});
const web = new Web(story, await prepareWebService(join(story.folder, "web"), false, true));

after(async () => {
  await takeDown(story);
  removeFolder(story);
});

/** The wizard in the original's order: cluster, task, all resources, Restore, results. */
async function recoverInBrowser(address: string): Promise<string> {
  const browser = await Browser.open();
  try {
    const { page, complaints } = await browser.tab(address);
    page.setDefaultTimeout(60_000);
    await page.getByRole("navigation").getByRole("link", { name: "Recovery" }).click();
    for (const choice of [/DEMO/, /Restore cluster resource checkpoints/, /All resources/]) {
      await page.getByRole("radio", { name: choice }).check();
      await page.getByRole("button", { name: "Next" }).click();
    }
    await page.getByText(/[23] checkpoints will be re-created, 0 are the same already, none can't be\./).waitFor();
    await page.getByRole("button", { name: "Restore" }).click();
    await page.getByText(/Done: [23] checkpoints re-created, 0 the same already, none failed\./).waitFor();
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
  return "the web page in Chromium";
}

test(`the story of recovery: ${web.service.what}`, async (context) => {
  if (noBrowser !== false) context.diagnostic(`${noBrowser}: the requests of the page's wizard are sent instead`);
  const byPage = noBrowser === false ? recoverInBrowser : (address: string) => recoverByPageRequests(story, address);
  for (const { title, play } of recoveryChapters(story, web, byPage)) {
    await context.test(title, () => told(play));
    if (isBroken) return;
  }
  const answers = lines.filter((line) => line.includes("⇒"));
  assert.equal(answers.length, 7, lines.join("\n"));
  for (const answer of answers) context.diagnostic(answer.trim());
  assert.deepEqual(await takeDown(story), [], "everything stopped in order");
  removeFolder(story);
  assert.ok(!existsSync(story.folder));
});

async function told(play: () => Promise<void>): Promise<void> {
  try {
    await play();
  } catch (error) {
    isBroken = true;
    process.stdout.write(`${lines.join("\n")}\n`);
    throw error;
  }
}
