/**
 * The life cycle of a resource's checkpoints beside a model of it (facts §3.3). The model knows for each path which contents may be
 * the newest version: one as long as every change was answered, more after a change whose answer was never given.
 */
import assert from "node:assert/strict";
import { silentLog } from "../../src/base/log.ts";
import { sha256 } from "../../src/base/digest.ts";
import { cleanVersions, surveyVersions } from "../../src/checkpoint/janitor.ts";
import { decodeDirectory } from "../../src/checkpoint/directory-codec.ts";
import { writeFileDurably } from "../../src/base/durable.ts";
import { type CheckpointKind, fileKind } from "../../src/checkpoint/names.ts";
import { readRecords } from "../../src/checkpoint/records.ts";
import { deleteResource } from "../../src/database/commands/resource.ts";
import { readHive } from "../../src/hive/index.ts";
import { valueOf } from "../../src/tree/key.ts";
import { dword, textOf } from "../../src/tree/value.ts";
import { type Life, resource, Scene, type SceneNode } from "./scene.ts";

export const paths = ["SOFTWARE\\Shop", "SYSTEM\\Shop", "1\\\\Key", "/srv/shop"] as const;
export type Path = (typeof paths)[number];

export type Action =
  | { readonly kind: "add" | "remove"; readonly path: Path }
  /** On the owner; online it is waited for. */
  | { readonly kind: "change"; readonly path: Path; readonly answered: boolean }
  /** On some node, whether it owns the resource or not, while the resource is offline there. */
  | { readonly kind: "change offline"; readonly path: Path; readonly node: number }
  | { readonly kind: "online"; readonly node: number }
  | { readonly kind: "offline" }
  /** The owner's service dies at one of its calls between a change and its version, and the resource fails over. */
  | { readonly kind: "crash"; readonly path: Path; readonly at: number; readonly after: boolean; readonly to: number }
  /** The owner's service stands still at one of those calls, and goes on when the resource is online elsewhere: it must not harm. */
  | { readonly kind: "stall"; readonly path: Path; readonly at: number; readonly to: number }
  | { readonly kind: "clean" }
  | { readonly kind: "delete" };

interface Known {
  /** What the newest version may hold. */
  possible: Set<string>;
  /** All that may ever have been a version. */
  readonly ever: Set<string>;
}

const kindOf = (path: Path): CheckpointKind =>
  path.startsWith("/") ? "directory" : path.startsWith("1") ? "crypto" : "registry";

/** What a version, or what was overwritten, says. */
function textIn(kind: CheckpointKind, bytes: Uint8Array): string {
  if (kind === "crypto") return new TextDecoder().decode(bytes);
  if (kind === "registry") return textOf(valueOf(readHive(bytes).root, "v")) ?? "";
  const entry = decodeDirectory(bytes);
  const file = entry.kind === "folder" ? entry.entries.get("v") : undefined;
  return file?.kind === "file" ? new TextDecoder().decode(file.content) : "";
}

export class LifeCycle {
  readonly #scene: Scene;
  readonly #lives = new Map<number, Life>();
  readonly #known = new Map<Path, Known>();
  #owner = 1;
  #online = false;
  #deleted = false;
  #made = 0;
  losersKept = 0;
  crashes = 0;

  private constructor(scene: Scene) {
    this.#scene = scene;
  }

  static async start(): Promise<LifeCycle> {
    const scene = await Scene.open(3);
    scene.place(1);
    const cycle = new LifeCycle(scene);
    for (const node of scene.nodes) for (const path of paths) await cycle.#change(node, path);
    return cycle;
  }

  async perform(action: Action): Promise<void> {
    if (this.#deleted) return;
    switch (action.kind) {
      case "add":
        return this.#add(action.path);
      case "remove":
        return this.#remove(action.path);
      case "change":
        return this.#changeOwner(action.path, action.answered);
      case "change offline":
        if (!this.#online || action.node !== this.#owner)
          await this.#change(this.#scene.node(action.node), action.path);
        return;
      case "online":
        return this.#goOnline(action.node);
      case "offline":
        return this.#goOffline();
      case "crash":
        return this.#crash(action);
      case "stall":
        return this.#stall(action);
      case "clean":
        await this.#clean();
        return;
      case "delete":
        return this.#delete();
    }
  }

  /** Every version that the database names can be loaded, and the newest is one of those it may be. */
  async requireLoadable(): Promise<void> {
    const records = readRecords(this.#scene.tree, resource);
    for (const version of records?.kept ?? []) {
      const bytes = await this.#scene.versions.read({ resource, number: version.number, kind: fileKind(version.kind) });
      assert.equal(sha256(bytes), version.fileDigest, `version ${version.number} of ${version.path}`);
      const known = this.#known.get(version.path as Path);
      if (known === undefined || !records?.current.some(({ number }) => number === version.number)) continue;
      const text = textIn(version.kind, bytes);
      assert.ok(
        known.possible.has(text),
        `the newest version of ${version.path} is ${text}, not one of ${[...known.possible].join(", ")}`,
      );
    }
    assert.deepEqual(new Set((records?.current ?? []).map(({ path }) => path)), new Set(this.#known.keys()));
  }

  end(): void {
    for (const life of this.#lives.values()) {
      life.gate.kill();
      life.checkpoints.close();
    }
  }

  #life(node: number = this.#owner): Life {
    const life = this.#lives.get(node) ?? this.#scene.node(node).life();
    this.#lives.set(node, life);
    return life;
  }

  async #change(node: SceneNode, path: Path): Promise<string> {
    const text = `v${++this.#made}`;
    const bytes = new TextEncoder().encode(text);
    if (kindOf(path) === "crypto") node.keys.set(path, bytes);
    else if (kindOf(path) === "registry") await node.set(path, text);
    else {
      await node.outside.files.makeFolder(path);
      await writeFileDurably(node.outside.files, `${path}/v`, bytes);
    }
    return text;
  }

  async #live(node: SceneNode, path: Path): Promise<string> {
    if (kindOf(path) === "registry") return node.get(path) ?? "";
    const isFile = kindOf(path) === "directory";
    return new TextDecoder().decode(
      isFile ? await node.outside.files.read(`${path}/v`).catch(() => undefined) : node.keys.bytes.get(path),
    );
  }

  /** Until what was changed is a version. Nobody answers for files, so they are captured on request. */
  async #committed(life: Life, path: Path): Promise<void> {
    if (kindOf(path) !== "directory") return life.checkpoints.settled();
    const { captured, failed } = await life.checkpoints.captureNow(resource);
    if (!captured.includes(path))
      throw new Error(`${path} was not captured: ${failed.map(({ why }) => why).join(" ")}`);
  }

  async #add(path: Path): Promise<void> {
    const { checkpoints } = this.#life();
    const adding = checkpoints.add(resource, kindOf(path), path);
    if (this.#known.has(path)) return assert.rejects(adding, { name: "ALREADY_EXISTS" });
    await adding;
    const live = await this.#live(this.#scene.node(this.#owner), path);
    this.#known.set(path, { possible: new Set([live]), ever: new Set([live]) });
  }

  async #remove(path: Path): Promise<void> {
    const removing = this.#life().checkpoints.remove(resource, kindOf(path), path);
    if (!this.#known.has(path)) return assert.rejects(removing, { name: "FILE_NOT_FOUND" });
    await removing;
    this.#known.delete(path);
  }

  async #changeOwner(path: Path, answered: boolean): Promise<void> {
    const text = await this.#change(this.#scene.node(this.#owner), path);
    const known = this.#known.get(path);
    if (!this.#online || known === undefined) return;
    known.possible.add(text);
    known.ever.add(text);
    if (!answered) return;
    await this.#committed(this.#life(), path);
    await this.#settleWith(path);
  }

  /** Everything that is live on the owner is committed. */
  async #settleAll(): Promise<void> {
    for (const path of this.#known.keys()) await this.#settle(path);
  }

  /** What an answer for one path says of all: nothing of folders, unless it was one. */
  async #settleWith(path: Path): Promise<void> {
    for (const one of this.#known.keys())
      if (kindOf(path) === "directory" || kindOf(one) !== "directory") await this.#settle(one);
  }

  async #settle(path: Path): Promise<void> {
    const known = this.#known.get(path);
    if (known !== undefined) known.possible = new Set([await this.#live(this.#scene.node(this.#owner), path)]);
  }

  async #goOnline(node: number): Promise<void> {
    if (this.#online) await this.#goOffline();
    if (node !== this.#owner) this.#scene.place(node);
    this.#owner = node;
    await this.#restore(node);
    this.#life().checkpoints.begin(resource, this.#scene.generation());
    this.#online = true;
  }

  async #restore(node: number): Promise<void> {
    const there = this.#scene.node(node);
    const before = new Map<Path, string>();
    for (const path of paths) before.set(path, await this.#live(there, path));
    const report = await this.#life(node).checkpoints.restoreBeforeOnline(resource);
    for (const path of paths) {
      const live = await this.#live(there, path);
      const was = before.get(path);
      const known = this.#known.get(path);
      if (known === undefined) {
        assert.equal(live, was, "what is no checkpoint is left alone");
        continue;
      }
      assert.ok(
        known.possible.has(live),
        `${path} is ${live} on node ${node}, not one of ${[...known.possible].join(", ")}`,
      );
      const loser = report.losers.find((one) => one.path === path);
      if (was !== live && !known.ever.has(was ?? ""))
        assert.ok(loser?.file !== undefined, `${was} was overwritten and not kept`);
      if (loser?.file !== undefined) {
        this.losersKept++;
        const bytes = await there.outside.files.read(loser.file);
        assert.equal(textIn(kindOf(path), bytes), was);
      }
      known.possible = new Set([live]);
    }
  }

  async #goOffline(): Promise<void> {
    if (!this.#online) return;
    const { checkpoints } = this.#life();
    const report = await checkpoints.captureNow(resource);
    assert.deepEqual(report.failed, []);
    assert.deepEqual(new Set(report.captured), new Set(this.#known.keys()));
    checkpoints.end(resource);
    await this.#settleAll();
    this.#online = false;
  }

  async #crash({ path, at, after, to }: Extract<Action, { kind: "crash" }>): Promise<void> {
    if (!this.#online || !this.#known.has(path)) return;
    const life = this.#life();
    life.gate.dieAt = life.gate.calls + at;
    life.gate.dieAfter = after;
    const text = await this.#change(this.#scene.node(this.#owner), path);
    const known = this.#known.get(path);
    known?.possible.add(text);
    known?.ever.add(text);
    const answered = await Promise.race([
      this.#committed(life, path).then(() => true),
      life.gate.whenDead().then(() => false),
    ]);
    if (answered) await this.#settleWith(path);
    if (!life.gate.dead) life.gate.kill();
    this.crashes++;
    life.checkpoints.close();
    this.#lives.delete(this.#owner);
    await this.#failOver(to);
  }

  async #stall({ path, at, to }: Extract<Action, { kind: "stall" }>): Promise<void> {
    const known = this.#known.get(path);
    if (!this.#online || known === undefined) return;
    const from = this.#owner;
    const life = this.#life();
    const { gate, checkpoints } = life;
    const numberNow = (): number | undefined =>
      readRecords(this.#scene.tree, resource)?.current.find((one) => one.path === path)?.number;
    const number = numberNow();
    gate.stallAt = gate.calls + at;
    const text = await this.#change(this.#scene.node(from), path);
    known.possible.add(text);
    known.ever.add(text);
    let answer: "answered" | "refused" | undefined;
    const settled = this.#committed(life, path).then(
      () => (answer = "answered"),
      () => (answer = "refused"),
    );
    await Promise.race([settled, gate.stalled]);
    if (answer === "answered") await this.#settleWith(path);
    this.#lives.delete(from);
    // Another checkpoint's capture may be the one that stands still.
    const isCommitted = numberNow() !== number;
    await this.#failOver(to);
    gate.resume();
    const before = answer;
    await settled;
    if (before === undefined && !isCommitted)
      assert.equal(answer, "refused", "a version of an earlier owner was committed");
    checkpoints.close();
  }

  async #failOver(to: number): Promise<void> {
    this.#online = false;
    this.#scene.place(to);
    this.#owner = to;
    await this.#restore(to);
    this.#life().checkpoints.begin(resource, this.#scene.generation());
    this.#online = true;
  }

  async #clean(): Promise<void> {
    const parts = {
      outside: this.#scene.node(1).outside,
      database: this.#scene.leaderDatabase(),
      versions: this.#scene.versions,
      deleteVersion: (version: Parameters<Scene["leadership"]["deleteVersion"]>[0]) =>
        this.#scene.leadership.deleteVersion(version),
      log: silentLog,
    };
    await cleanVersions(parts, await surveyVersions(this.#scene.versions));
  }

  async #delete(): Promise<void> {
    await this.#goOffline();
    this.#scene.edit({ kind: "set-value", path: `Runtime\\Resources\\${resource}`, value: dword("State", 3) });
    assert.equal((await this.#scene.change(deleteResource(this.#scene.tree, { resource }))).outcome, "applied");
    this.#deleted = true;
    this.#known.clear();
    await this.#clean();
    assert.deepEqual(await this.#scene.versions.list(resource), [], "the files of a deleted resource are gone");
    for (const path of paths)
      assert.notEqual(await this.#live(this.#scene.node(this.#owner), path), "", "the settings themselves stay");
  }
}
