/** What every VSS provider must do, whatever makes its shadow copies. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Files } from "../../src/base/outside.ts";
import type { NewSnapshot, SnapshotPlace, VssProvider } from "../../src/vss/index.ts";
import { snapshotSteps } from "../vss/faulty-provider.ts";

/** A provider on a file system, and a folder of that for one test. */
export interface Bench {
  readonly files: Files;
  /** An empty folder that exists, the volume; its name is its own. */
  readonly volume: string;
  /** A second one. */
  readonly other: string;
  /** A provider as a new process would have it. */
  readonly provider: () => VssProvider;
  /** Names of what lies where the provider keeps its copies. */
  readonly left: () => Promise<readonly string[]>;
  /** Runs calls: a simulated world moves only then. */
  readonly done: <T>(promise: Promise<T>) => Promise<T>;
}

const setId = "11111111-0000-4000-8000-000000000001";

let made = 0;

type Check = readonly [what: string, work: (bench: Bench) => Promise<void>];

const wholeCopies: readonly Check[] = [
  [
    "a shadow copy holds what was there at the commit, and stays",
    async ({ files, volume, provider }) => {
      await fill(files, volume, "before");
      const before = await listing(files, volume);
      const one = provider();
      assert.deepEqual(await one.isVolumeSupported(volume), { supported: true });
      const [place] = await make(one, [volume]);
      await fill(files, volume, "after!");
      await files.unlink(`${volume}/deep/er/file`);
      const { deviceObject } = await one.getSnapshotProperties(place);
      assert.deepEqual(await listing(files, deviceObject), before);
      assert.notDeepEqual(await listing(files, volume), before);
      await one.deleteSnapshots([place]);
    },
  ],
  [
    "a copy is found and deleted by its place alone, twice",
    async ({ files, volume, provider, left }) => {
      await fill(files, volume, "one");
      const [place] = await make(provider(), [volume]);
      const { deviceObject } = await provider().getSnapshotProperties(place);
      assert.equal((await files.stat(`${deviceObject}/top`))?.kind, "file");
      await provider().deleteSnapshots([place]);
      await provider().deleteSnapshots([place]);
      await assert.rejects(provider().getSnapshotProperties(place), { name: "VSS_E_OBJECT_NOT_FOUND" });
      assert.deepEqual(await left(), []);
    },
  ],
  [
    "two volumes in one set, and one of them in two",
    async ({ files, volume, other, provider, left }) => {
      await fill(files, volume, "one");
      await fill(files, other, "two");
      const one = provider();
      const first = await make(one, [volume, other]);
      const second = await make(one, [volume]);
      for (const [place, word] of [
        [first[0], "one"],
        [first[1], "two"],
        [second[0], "one"],
      ] as const) {
        const { deviceObject } = await one.getSnapshotProperties(place);
        assert.equal(new TextDecoder().decode(await files.read(`${deviceObject}/top`)), word);
      }
      await one.deleteSnapshots([...first, ...second]);
      assert.deepEqual(await left(), []);
    },
  ],
];

const abortions: readonly Check[] = ["beginPrepareSnapshot", ...snapshotSteps].map((last, count) => [
  `an abort after ${last} leaves nothing`,
  async ({ files, volume, other, provider, left }) => {
    await fill(files, volume, "one");
    const one = provider();
    const places = await begin(one, [volume, other]);
    for (const step of snapshotSteps.slice(0, count)) await one[step](setId);
    // After the last step the set is made: then it is deleted, not aborted.
    if (count === snapshotSteps.length) await one.deleteSnapshots(places);
    await one.abortSnapshots(setId);
    assert.deepEqual(await left(), []);
    assert.equal((await files.stat(`${volume}/top`))?.kind, "file");
  },
]);

const strangers: readonly Check[] = [
  [
    "another process clears what a dead one has half made",
    async ({ files, volume, provider, left }) => {
      await fill(files, volume, "one");
      const dead = provider();
      const places = await begin(dead, [volume]);
      for (const step of snapshotSteps.slice(0, 3)) await dead[step](setId);
      await provider().deleteSnapshots(places);
      assert.deepEqual(await left(), []);
    },
  ],
  [
    "what it does not know it says so, and an abort of that is fine",
    async ({ volume, provider }) => {
      const one = provider();
      await assert.rejects(one.commitSnapshots(setId), { name: "VSS_E_BAD_STATE" });
      await one.abortSnapshots(setId);
      const note = await one.beginPrepareSnapshot({ snapshotSetId: setId, snapshotId: guid(), volume, context: 0 });
      const place = { snapshotId: guid(), volume, note };
      await assert.rejects(one.getSnapshotProperties(place), { name: "VSS_E_OBJECT_NOT_FOUND" });
      await one.deleteSnapshots([place]);
      await one.abortSnapshots(setId);
    },
  ],
];

/** Registers the tests. `title` names the provider and where it runs; `bench` makes a bench for one test. */
export function providerConformance(title: string, bench: () => Promise<Bench>): void {
  for (const [what, work] of [...wholeCopies, ...abortions, ...strangers]) {
    test(`${title}: ${what}`, async () => {
      const one = await bench();
      await one.done(work(one));
    });
  }
}

type Places<V extends readonly string[]> = { [K in keyof V]: SnapshotPlace };

async function begin<const V extends readonly string[]>(provider: VssProvider, volumes: V): Promise<Places<V>> {
  const places: SnapshotPlace[] = [];
  for (const volume of volumes) {
    const snapshot: NewSnapshot = { snapshotSetId: setId, snapshotId: guid(), volume, context: 1 };
    places.push({ snapshotId: snapshot.snapshotId, volume, note: await provider.beginPrepareSnapshot(snapshot) });
  }
  return places as Places<V>;
}

async function make<const V extends readonly string[]>(provider: VssProvider, volumes: V): Promise<Places<V>> {
  const places = await begin(provider, volumes);
  for (const step of snapshotSteps) await provider[step](setId);
  return places;
}

function guid(): string {
  return `22222222-0000-4000-8000-${String(++made).padStart(12, "0")}`;
}

/** Files, folders and a link, of several modes and sizes. */
async function fill(files: Files, folder: string, word: string): Promise<void> {
  await files.makeFolder(`${folder}/deep/er`);
  await files.setMode(`${folder}/deep`, 0o750);
  const contents = [
    ["top", 0o644, word],
    ["deep/er/file", 0o600, `${word} below`],
    ["deep/large", 0o440, word.repeat(700_000)],
    ["empty", 0o604, ""],
  ] as const;
  for (const [name, mode, text] of contents) {
    const path = `${folder}/${name}`;
    if ((await files.stat(path)) !== undefined) await files.unlink(path);
    const file = await files.open(path, "create", mode);
    await file.write(new TextEncoder().encode(text), 0);
    await file.close();
    await files.setModified(path, 1_700_000_000_000 + text.length);
  }
  if (files.mayChangeOwners()) await files.setOwner(`${folder}/empty`, 1234, 5678);
  if ((await files.stat(`${folder}/link`)) === undefined) await files.makeLink("/etc/passwd", `${folder}/link`);
}

/** Every path with kind, mode, time and content. */
async function listing(files: Files, folder: string, below = ""): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const name of await files.list(`${folder}${below}`)) {
    const path = `${folder}${below}/${name}`;
    const stat = await files.stat(path);
    if (stat === undefined || name.startsWith(".clubar")) continue;
    const head = `${below}/${name} ${stat.kind} ${stat.owner}:${stat.group}`;
    if (stat.kind === "link") lines.push(`${head} ${await files.readLink(path)}`);
    else if (stat.kind === "folder")
      lines.push(`${head} ${stat.mode.toString(8)}`, ...(await listing(files, folder, `${below}/${name}`)));
    else {
      const text = new TextDecoder().decode(await files.read(path));
      lines.push(
        `${head} ${stat.mode.toString(8)} ${stat.modified} ${stat.size} ${text.slice(0, 20)} ${text.slice(-20)}`,
      );
    }
  }
  return lines;
}
