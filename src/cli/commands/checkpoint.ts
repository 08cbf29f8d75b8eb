import { Option } from "commander";
import type { AuditView, CheckpointView, SideCopyView } from "../../api/routes/checkpoints.ts";
import type { Cli, Done } from "../cli.ts";
import { fail } from "../../base/errors.ts";
import type { CheckpointKind } from "../../checkpoint/names.ts";
import { usage } from "../exit.ts";
import { registryPath } from "../registry-path.ts";
import { table } from "../render/table.ts";
import { bytesText, counted, timeAndAge } from "../render/text.ts";
import { type Define, notes, verb, wholeNumber } from "../verbs.ts";

interface What {
  readonly registry?: string;
  readonly crypto?: string;
  readonly directory?: string;
}

interface AddWhat extends What {
  readonly force?: boolean;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly maxSize?: number;
}

/** `clubar checkpoint …`. */
export const defineCheckpoint: Define = (noun, cli) => {
  verb(noun, "list [resource]", "List the checkpoints of a resource, or all")
    .option("--audit", "look whether each is there, undamaged, and as it is live (exit 5 when one is not)")
    .action((resource: string | undefined, { audit }: { readonly audit?: boolean }) =>
      audit === true ? showAudit(cli, resource) : showList(cli, resource),
    );
  notes(
    verb(
      noun,
      "audit [resource]",
      "Compare the files with the database, and what is live on the owner with them",
    ).action((resource: string | undefined) => showAudit(cli, resource)),
    `OK the file is whole and holds what is live · LOST no file, or deleted to be re-created · DAMAGED torn or no checkpoint · STALE a
checkpoint, but not the one that the database names · DRIFT what is live differs: the next online replaces it · NOT CHECKED
It ends with 5 when one is lost, damaged or stale. The leader looks at all files about every 15 s; \`clubar status\` shows what it found.`,
  );
  verb(noun, "losers [resource]", "List what was kept on this node when it was replaced").action(
    (resource: string | undefined) => showLosers(cli, resource),
  );
  defineAdd(noun, cli);
  whatOptions(verb(noun, "remove <resource>", "Make it no longer a checkpoint; what is live stays")).action(
    async (resource: string, options: What) => {
      cli.done(await cli.client().post<Done>("/checkpoints/remove", { resource, ...whatOf(cli, options) }));
    },
  );
  whatOptions(verb(noun, "history <resource>", "List the versions that are kept")).action(
    async (resource: string, options: What) => {
      const versions = await cli
        .client()
        .get<CheckpointView[]>("/checkpoints/history", { resource, ...whatOf(cli, options) });
      cli.show(versions, () => versionTable(cli, versions, "No versions."));
    },
  );
  whatOptions(
    verb(noun, "recreate <resource>", "Capture what is live on its owner anew, also when the stored file is lost"),
  ).action(async (resource: string, options: What) => {
    const isOne = [options.registry, options.crypto, options.directory].some((path) => path !== undefined);
    const path = isOne ? { path: whatOf(cli, options).path } : {};
    cli.done(await cli.client().post<Done>("/checkpoints/recreate", { resource, ...path }));
  });
  whatOptions(verb(noun, "revert <resource> <number>", "Make the content of an older version the newest")).action(
    async (resource: string, text: string, options: What) => {
      const { path } = whatOf(cli, options);
      const number = wholeNumber(1, 0xffffffff)(text);
      cli.done(await cli.client().post<Done>("/checkpoints/revert", { resource, path, number }));
    },
  );
};

const defineAdd: Define = (noun, cli) => {
  const add = whatOptions(
    verb(noun, "add <resource>", "Make a registry key, a key container or a folder a checkpoint of a resource"),
  )
    .option("--include <pattern>", "of a folder: only files that this matches (may be given again)", collect, [])
    .option("--exclude <pattern>", "of a folder: leave alone what this matches (may be given again)", collect, [])
    .option("--max-size <bytes>", "of a folder: refuse more than this (67108864)", wholeNumber(1, 1_000_000_000))
    .option("--force", "even when another resource has it")
    .action(async (resource: string, options: AddWhat) => {
      const { force, include, exclude, maxSize } = options;
      cli.done(
        await cli.client().post<Done>("/checkpoints", {
          resource,
          ...whatOf(cli, options),
          ...(include.length > 0 ? { include } : {}),
          ...(exclude.length > 0 ? { exclude } : {}),
          ...(maxSize === undefined ? {} : { maxSize }),
          ...(force === true ? { force } : {}),
        }),
      );
    });
  notes(
    add,
    `Examples:
  clubar checkpoint add web --registry 'SOFTWARE\\Web'
  clubar checkpoint add web --crypto '1\\\\WebKey'
  clubar checkpoint add web --directory /srv/web/settings --exclude '*.log' --exclude cache

A pattern without "/" matches names at any depth, one with "/" paths below the folder: * ? [a-z] {a,b} and ** for any folders.
A path below %NodeData%/apps is in each node's own data folder.`,
  );
};

function whatOptions(command: ReturnType<typeof verb>): ReturnType<typeof verb> {
  return command
    .addOption(new Option("--registry <path>", "a registry key below HKLM").conflicts(["crypto", "directory"]))
    .addOption(new Option("--crypto <name>", "a key container, TYPE\\NAME\\KEY").conflicts("directory"))
    .addOption(new Option("--directory <path>", "a folder or a file, on the node that owns the resource"));
}

function whatOf(
  cli: Cli,
  { registry, crypto, directory }: What,
): { readonly kind: CheckpointKind; readonly path: string } {
  if (registry !== undefined) return { kind: "registry", path: checkpointPath(registry) };
  if (crypto !== undefined) return { kind: "crypto", path: crypto };
  if (directory !== undefined)
    return { kind: "directory", path: directory.startsWith("%") ? directory : cli.path(directory) };
  throw usage("Say which: --registry PATH, --crypto TYPE\\NAME\\KEY or --directory PATH.");
}

function collect(one: string, before: readonly string[]): readonly string[] {
  return [...before, one];
}

/** A path with its root is meant well; one with a leading backslash is refused by the service, as documented. */
function checkpointPath(path: string): string {
  return /^(HKLM|HKEY_LOCAL_MACHINE)\\/i.test(path) ? registryPath(path) : path;
}

async function showList(cli: Cli, resource: string | undefined): Promise<void> {
  const versions = await cli.client().get<CheckpointView[]>("/checkpoints", { resource });
  cli.show(versions, () => versionTable(cli, versions, "No checkpoints."));
}

function versionTable(cli: Cli, versions: readonly CheckpointView[], empty: string): string {
  const now = cli.terminal.now();
  const rows = versions.map((one) => [
    one.resource,
    one.kind,
    String(one.number),
    bytesText(one.size),
    timeAndAge(one.time, now),
    one.path,
  ]);
  return table(["Resource", "Kind", "Number", "Size", "Time", "Path"], rows, empty);
}

async function showAudit(cli: Cli, resource: string | undefined): Promise<void> {
  const lines = await cli.busy(
    "Looking at the checkpoints",
    cli.client().get<AuditView[]>("/checkpoints/audit", { resource }),
  );
  const rows = lines.map((one) => [one.resource, one.result.toUpperCase(), String(one.number), one.path, one.sentence]);
  cli.show(lines, () => table(["Resource", "Result", "Number", "Path", ""], rows, "No checkpoints."));
  const bad = lines.filter(({ result }) => result === "lost" || result === "damaged" || result === "stale");
  if (bad.length === 0) return;
  throw fail("CRC", {
    happened: `Lost, damaged or stale: ${counted(bad.length, "checkpoint")} (${bad.map(({ path }) => path).join(", ")}).`,
    unchanged: "Nothing was changed.",
    next: "Re-create it from what is live (clubar recover checkpoints), or revert to a version that is well.",
  });
}

async function showLosers(cli: Cli, resource: string | undefined): Promise<void> {
  const copies = await cli.client().get<SideCopyView[]>("/checkpoints/losers", { resource });
  const now = cli.terminal.now();
  const rows = copies.map((one) => [one.name ?? one.resource, timeAndAge(one.time, now), one.path, one.why, one.file]);
  cli.show(copies, () => table(["Resource", "Time", "Path", "What", "File"], rows, "Nothing was kept on this node."));
}
