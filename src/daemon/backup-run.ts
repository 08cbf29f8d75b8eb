/** A backup of the running cluster: hold, capture what is pending, then the tree at one tag with the versions it names. */
import type { LastBackup } from "../api/node-service.ts";
import { deviceLayout } from "../backup/device-layout.ts";
import { refuseCheckpointed, refuseOwnFolders } from "../backup/own-folders.ts";
import { parseWorkName } from "../backup/set.ts";
import { type BackupResult, takeBackup } from "../backup/take.ts";
import { fail } from "../base/errors.ts";
import { newGuid } from "../base/guid.ts";
import type { Edit } from "../tree/edit.ts";
import { findValue } from "../tree/key.ts";
import { sz, textOf } from "../tree/value.ts";
import { formatTag } from "../quorum/tag.ts";
import { holdsPath, holdTaker } from "./leader-duties.ts";
import { backupFailure } from "./lost-hold.ts";
import { captureEverywhere } from "./owner-calls.ts";
import type { ServiceNode } from "./service-node.ts";

/** Values Path, Node, Tag and Time (wall milliseconds as text) of the newest backup. */
const lastBackupPath = "Runtime\\LastBackup";
/** How long the leader may take, in milliseconds. */
const backupLimit = 3_600_000;

/** Takes one backup at a time; on any other node it passes the wish on to the leader's node. */
export class BackupRun {
  readonly #service: ServiceNode;
  #running = false;

  constructor(service: ServiceNode) {
    this.#service = service;
  }

  async take(path: string): Promise<BackupResult> {
    const { database, callers } = this.#service;
    if (!database.isLeader()) {
      const leader = database.life()?.claim();
      if (leader === undefined) {
        throw fail("NO_QUORUM", {
          happened: "No node leads the cluster, so there is no current state to back up.",
          unchanged: "No backup was written.",
          next: "See `clubar status`.",
        });
      }
      return (await callers.call(leader.endpoint, "backup", { path }, backupLimit)) as BackupResult;
    }
    if (this.#running) {
      throw fail("CLUSTER_BACKUP_IN_PROGRESS", {
        happened: "A backup of this cluster is being taken.",
        unchanged: "No second one was begun.",
        next: "Wait for it to end.",
      });
    }
    this.#running = true;
    try {
      return await this.#takeHere(path);
    } finally {
      this.#running = false;
    }
  }

  async #takeHere(path: string): Promise<BackupResult> {
    const { database, parts, node } = this.#service;
    const { outside, quorum } = parts;
    await refuseOwnFolders(outside.files, path);
    refuseCheckpointed(database.tree(), parts.data, path);
    const hold = `${holdsPath}\\${newGuid(outside.random)}`;
    const held: Edit[] = [
      { kind: "set-value", path: hold, value: sz("Tag", formatTag(database.tag())) },
      { kind: "set-value", path: hold, value: sz(holdTaker, database.self.incarnation) },
    ];
    await this.#submit(held, `A backup to ${path} begins.`);
    try {
      const failures = await captureEverywhere(this.#service);
      const notChecked = failures.map(({ resource, path: key, why }) =>
        `${resource} ${key}: not captured: ${why}`.trim(),
      );
      const tree = database.tree();
      const tag = database.tag();
      const identity = this.#service.identity();
      const result = await takeBackup({
        outside,
        tree,
        tag,
        identity,
        versions: quorum.versions,
        path,
        node: node.name,
        notChecked,
        quorumDevice: await deviceLayout(outside.files, quorum.place),
      });
      await this.#note(result).catch((error: unknown) =>
        parts.log.warn("the backup is not noted in the database", { error }),
      );
      return result;
    } catch (error) {
      throw backupFailure(error, database.tree(), hold);
    } finally {
      await this.#submit([{ kind: "delete-key", path: hold }], `The backup to ${path} has ended.`).catch(
        (error: unknown) => parts.log.warn("a hold stays until its taker's life ends", { error }),
      );
    }
  }

  /** Every node shows the newest backup; a restore forgets it. */
  #note(result: BackupResult): Promise<unknown> {
    const value = (name: string, text: string): Edit => ({
      kind: "set-value",
      path: lastBackupPath,
      value: sz(name, text),
    });
    const { node, tag } = result;
    const path = lastingPath(result.path);
    const time = String(Math.floor(this.#service.parts.outside.clock.wall()));
    const edits = [value("Path", path), value("Node", node), value("Tag", formatTag(tag)), value("Time", time)];
    return this.#submit(edits, `A backup was written to ${path} on ${node}.`);
  }

  /** The newest backup in this node's copy of the database. */
  last(): LastBackup | undefined {
    const tree = this.#service.database.tree();
    const text = (name: string): string | undefined => textOf(findValue(tree, lastBackupPath, name));
    const [path, node, tag, time] = [text("Path"), text("Node"), text("Tag"), text("Time")];
    if (path === undefined || node === undefined || tag === undefined) return undefined;
    return { path, node, tag, time: Number(time) };
  }

  #submit(edits: readonly Edit[], because: string): Promise<unknown> {
    return this.#service.change(() => ({ conditions: [], edits, because }));
  }
}

/** Where the set is when all is done: a VSS backup has the cluster's part written into its working folder, which is swapped in later. */
function lastingPath(path: string): string {
  return path
    .split("/")
    .filter((name) => parseWorkName(name)?.kind !== "new")
    .join("/");
}
