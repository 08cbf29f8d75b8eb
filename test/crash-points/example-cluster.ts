/** A small cluster with checkpoints, for tests of backups and restores. */
import { sha256 } from "../../src/base/digest.ts";
import { fail } from "../../src/base/errors.ts";
import type { Files, Outside } from "../../src/base/outside.ts";
import { initialDatabase } from "../../src/database/initial-database.ts";
import { writeHive } from "../../src/hive/index.ts";
import type { CheckpointVersions, ClusterIdentity } from "../../src/quorum/quorum.ts";
import { Disk } from "../../src/sim/disk.ts";
import { openFiles } from "../../src/sim/files.ts";
import { applyEdits, type Edit } from "../../src/tree/edit.ts";
import { buildKey, type Key } from "../../src/tree/key.ts";
import { dword, multiSz, sz } from "../../src/tree/value.ts";

const guid = (digit: number): string => "00000000-0000-4000-8000-00000000000".concat(String(digit));
export const group = "aaaaaaaa-0000-4000-8000-000000000001";
export const web = "bbbbbbbb-0000-4000-8000-000000000001";
export const mail = "bbbbbbbb-0000-4000-8000-000000000002";
export const identity: ClusterIdentity = { name: "TOWER", instance: guid(8), generation: 1, lineage: guid(9) };

/** What a CPT of a key with this setting holds. */
export function registryFile(setting: string): Uint8Array {
  return writeHive(buildKey({ name: "Web", lastWritten: 1n, values: [sz("Setting", setting.padEnd(900, "."))] }), {
    time: 1n,
  });
}

export interface ExampleFile {
  readonly resource: string;
  readonly number: number;
  readonly kind: "CPT" | "CPR";
  readonly bytes: Uint8Array;
}

export interface Example {
  readonly tree: Key;
  readonly files: readonly ExampleFile[];
}

/** Nodes 1 … `nodes`, one group with two resources, checkpoints whose content says `word`; numbers start at `first`. */
export function example(word: string, options: { readonly nodes?: number; readonly first?: number } = {}): Example {
  const { nodes = 2, first = 1 } = options;
  let made = 0;
  const bare = initialDatabase({
    clusterName: "TOWER",
    instance: identity.instance,
    nodeId: "1",
    nodeName: "n1",
    time: 5n,
    newGuid: () => guid(++made),
  });
  const files: ExampleFile[] = [
    { resource: web, number: first, kind: "CPT", bytes: registryFile(`${word} before`) },
    { resource: web, number: first + 1, kind: "CPT", bytes: registryFile(word) },
    { resource: web, number: first + 2, kind: "CPR", bytes: new TextEncoder().encode(`key of ${word}`) },
    { resource: mail, number: first, kind: "CPT", bytes: registryFile(`${word} mail`) },
  ];
  const edits: Edit[] = [
    { kind: "set-value", path: `Groups\\${group}`, value: sz("Name", "web group") },
    { kind: "set-value", path: `Groups\\${group}`, value: multiSz("Contains", [web, mail]) },
    {
      kind: "set-value",
      path: `Groups\\${group}`,
      value: multiSz("PreferredOwners", ["2", "1"].slice(2 - Math.min(2, nodes))),
    },
    { kind: "set-value", path: `Runtime\\Groups\\${group}`, value: sz("Owner", "1") },
    { kind: "create-key", path: "Runtime\\Holds\\backup" },
  ];
  for (let node = 2; node <= nodes; node++)
    edits.push({ kind: "set-value", path: `Nodes\\${node}`, value: sz("NodeName", `n${node}`) });
  edits.push({ kind: "set-value", path: "Nodes", value: dword("NextNodeId", nodes + 1) });
  for (const [id, name] of [
    [web, "web"],
    [mail, "mail"],
  ] as const) {
    edits.push({ kind: "set-value", path: `Resources\\${id}`, value: sz("Name", name) });
    edits.push({ kind: "set-value", path: `Resources\\${id}`, value: sz("Type", "Generic Application") });
    edits.push({ kind: "set-value", path: `Resources\\${id}\\Parameters`, value: sz("Word", word) });
    edits.push({ kind: "set-value", path: `Resources\\${id}\\Checkpoints`, value: dword("NextNumber", first + 3) });
    edits.push({
      kind: "set-value",
      path: `Resources\\${id}\\Checkpoints`,
      value: multiSz("Deleted", ["000000ff.CPT"]),
    });
  }
  edits.push({
    kind: "set-value",
    path: `Resources\\${web}`,
    value: multiSz(
      "PossibleOwners",
      Array.from({ length: nodes }, (_, i) => String(i + 1)),
    ),
  });
  for (const file of files) edits.push(...versionEdits(file));
  const sync = (resource: string, list: string, number: number, path: string): Edit => ({
    kind: "set-value",
    path: `Resources\\${resource}\\${list}`,
    value: sz(number.toString(16).padStart(8, "0"), path),
  });
  edits.push(
    sync(web, "RegSync", first + 1, "SOFTWARE\\Web"),
    sync(web, "CryptoSync", first + 2, "1\\\\Web"),
    sync(mail, "RegSync", first, "SOFTWARE\\Mail"),
  );
  return { tree: applyEdits(bare, edits, 6n), files };
}

function versionEdits({ resource, number, kind, bytes }: ExampleFile): Edit[] {
  const path = `Resources\\${resource}\\Checkpoints\\${number.toString(16).padStart(8, "0")}`;
  const where = kind === "CPR" ? "1\\\\Web" : resource === web ? "SOFTWARE\\Web" : "SOFTWARE\\Mail";
  return [sz("Kind", kind), sz("Path", where), sz("FileDigest", sha256(bytes)), dword("Size", bytes.length)].map(
    (value) => ({ kind: "set-value", path, value }),
  );
}

export function versionsOf(files: readonly ExampleFile[]): Pick<CheckpointVersions, "read"> {
  return {
    async read({ resource, number, kind }): Promise<Uint8Array> {
      const found = files.find((file) => file.resource === resource && file.number === number && file.kind === kind);
      if (found === undefined) throw fail("FILE_NOT_FOUND", { happened: "no such version" });
      return found.bytes;
    },
  };
}

type Parts = Pick<Outside, "files" | "random" | "clock">;

/** The same random bytes in every run with the same salt. */
export function outsideOf(files: Files, salt = 1, wall = 1_700_000_000_000): Parts {
  let made = 0;
  return {
    files,
    random: { bytes: (count) => new Uint8Array(count).fill(++made).fill(salt, 0, 1) },
    clock: { wall: () => wall, boot: () => 0 },
  };
}

/** Files of an empty simulated disk; `disk` can be made full. */
export function memoryFiles(): { readonly files: Files; readonly disk: Disk } {
  const disk = new Disk("example");
  const { files } = openFiles(
    { diskOf: () => disk, wall: () => 0, folder: "/" },
    { call: async (call) => (call.enter?.(), call.effect()) },
  );
  return { files, disk };
}

/** Every path below a folder with its bytes, folders as "/". */
export async function contentsOf(files: Files, path: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of await files.list(path)) {
    const kind = (await files.stat(`${path}/${name}`))?.kind;
    if (kind !== "folder") {
      found.set(name, sha256(await files.read(`${path}/${name}`)));
      continue;
    }
    found.set(`${name}/`, "folder");
    for (const [inner, digest] of await contentsOf(files, `${path}/${name}`)) found.set(`${name}/${inner}`, digest);
  }
  return found;
}
