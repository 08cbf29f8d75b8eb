/**
 * `npm start`: a cluster of three nodes on this machine tells the whole story with real timings.
 * Options: --quorum etcd (on an etcd of three members, not in a folder), --story recovery (another story: the bad days),
 * --once (end after the story; so it does without a terminal), --own-server (not nginx), --keep (leave the folder).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { failureOf } from "../base/failure-of.ts";
import { type EtcdQuorum, makeEtcdQuorum } from "./demo/etcd-quorum.ts";
import { recoverByPageRequests } from "./demo/recovery/page-api.ts";
import { recoveryChapters } from "./demo/recovery/story-of-recovery.ts";
import { formCluster, seconds } from "./demo/step-1-form.ts";
import { bringServiceOnline } from "./demo/step-2-service.ts";
import { failOver } from "./demo/step-3-failover.ts";
import { backUp } from "./demo/step-4-backup.ts";
import { wreckAndRestore } from "./demo/step-5-restore.ts";
import { removeFolder, stayUp, takeDown } from "./demo/step-6-stay.ts";
import { Story } from "./demo/story.ts";
import { Web } from "./demo/web.ts";
import { prepareWebService } from "./demo/web-service.ts";

const { values } = parseArgs({
  options: {
    once: { type: "boolean", default: false },
    "own-server": { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    story: { type: "string", default: "first" },
    quorum: { type: "string", default: "folder" },
  },
});
if (values.story !== "first" && values.story !== "recovery") {
  console.error(`There is no story "${values.story}". Nothing was started. Say --story recovery, or nothing.`);
  process.exit(2);
}
if (!["folder", "etcd"].includes(values.quorum)) {
  console.error(`There is no quorum "${values.quorum}". Nothing was started. Say --quorum etcd, or nothing.`);
  process.exit(2);
}
const once = values.once || !process.stdout.isTTY || !process.stdin.isTTY;

// A demonstration leaves the machine's mounts as they are.
process.env["CLUBAR_SHARE_MOUNTS"] ??= "no";

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => interrupted.abort(new Error(`interrupted by ${signal}`)));

const folder = mkdtempSync(join(tmpdir(), "clubar-demo-"));
const etcd = values.quorum === "etcd" ? await etcdOrExit() : undefined;
const story = new Story({
  folder,
  ...(etcd === undefined ? {} : { quorum: etcd }),
  names: ["NODE1", "NODE2", "NODE3"],
  write: (line) => process.stdout.write(`${line}\n`),
  signal: interrupted.signal,
});

process.exitCode = await main();

async function main(): Promise<number> {
  const begun = performance.now();
  console.log(
    `clubar: a failover cluster whose configuration you can always get back. Everything is in ${story.folder}.`,
  );
  let failure: unknown;
  try {
    await tell();
    story.line(`The whole story took ${seconds(begun)}.`);
    if (!once) await stayUp(story);
  } catch (error) {
    failure = error;
  }
  return end(failure);
}

async function etcdOrExit(): Promise<EtcdQuorum> {
  try {
    return await makeEtcdQuorum(folder);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    console.error(`${failureOf(error).message} Nothing was started.`);
    process.exit(1);
  }
}

async function tell(): Promise<void> {
  await etcd?.start(story);
  const isRecovery = values.story === "recovery";
  const web = new Web(story, await prepareWebService(join(story.folder, "web"), values["own-server"], isRecovery));
  if (isRecovery) {
    const chapters = recoveryChapters(story, web, (address) => recoverByPageRequests(story, address));
    for (const chapter of chapters) await chapter.play();
    return;
  }
  await formCluster(story);
  story.own.scan();
  await bringServiceOnline(story, web);
  story.own.scan();
  await failOver(story, web);
  await etcd?.killLeader(story, web);
  const set = await backUp(story);
  story.own.scan();
  await wreckAndRestore(story, web, set);
}

/** Takes everything down; the exit code. */
async function end(failure: unknown): Promise<number> {
  const wasInterrupted = interrupted.signal.aborted;
  if (failure !== undefined && !wasInterrupted) {
    console.error(`\nThe demonstration failed: ${failureOf(failure).message}`);
    console.error(`The logs are in ${story.folder}/NODE*.out and ${story.folder}/NODE*/log; the folder stays.`);
  }
  if (failure !== undefined && wasInterrupted)
    console.error(`\nThe story ends early: ${String(interrupted.signal.reason)}.`);
  const killed = await takeDown(story, etcd);
  for (const one of killed) console.error(`Had to be killed: ${one.pid} ${one.command}`);
  const failed = (failure !== undefined && !wasInterrupted) || killed.length > 0;
  if (!failed && !values.keep) removeFolder(story);
  if (killed.length === 0) story.line("Nothing is left running.");
  return failed ? 1 : failure === undefined ? 0 : 130;
}
