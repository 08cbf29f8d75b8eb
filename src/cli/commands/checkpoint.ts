import { Option } from "commander";
import type { AuditView, CheckpointView, SideCopyView } from "../../api/routes/checkpoints.ts";
import type { Cli, Done } from "../cli.ts";
import { fail } from "../../base/errors.ts";
import { usage } from "../exit.ts";
import { registryPath } from "../registry-path.ts";
import { table } from "../render/table.ts";
import { bytesText, counted, timeAndAge } from "../render/text.ts";
import { type Define, notes, verb, wholeNumber } from "../verbs.ts";

interface What {
  readonly registry?: string;
  readonly crypto?: string;
  readonly force?: boolean;
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
  const add = whatOptions(
    verb(noun, "add <resource>", "Make a registry key or a key container a checkpoint of a resource"),
  )
    .option("--force", "even when another resource has it")
    .action(async (resource: string, options: What) => {
      const { force } = options;
      cli.done(
        await cli
          .client()
          .post<Done>("/checkpoints", { resource, ...whatOf(options), ...(force === true ? { force } : {}) }),
      );
    });
  notes(
    add,
    `Examples:
  clubar checkpoint add web --registry 'SOFTWARE\\Web'
  clubar checkpoint add web --crypto '1\\\\WebKey'`,
  );
  whatOptions(verb(noun, "remove <resource>", "Make it no longer a checkpoint; the key itself stays")).action(
    async (resource: string, options: What) => {
      cli.done(await cli.client().post<Done>("/checkpoints/remove", { resource, ...whatOf(options) }));
    },
  );
  whatOptions(verb(noun, "history <resource>", "List the versions that are kept")).action(
    async (resource: string, options: What) => {
      const versions = await cli
        .client()
        .get<CheckpointView[]>("/checkpoints/history", { resource, ...whatOf(options) });
      cli.show(versions, () => versionTable(cli, versions, "No versions."));
    },
  );
  whatOptions(
    verb(noun, "recreate <resource>", "Capture what is live on its owner anew, also when the stored file is lost"),
  ).action(async (resource: string, options: What) => {
    const isOne = options.registry !== undefined || options.crypto !== undefined;
    const path = isOne ? { path: whatOf(options).path } : {};
    cli.done(await cli.client().post<Done>("/checkpoints/recreate", { resource, ...path }));
  });
  whatOptions(
    verb(noun, "revert <resource> <number>", "Make the content of an older version the newest"),
    false,
  ).action(async (resource: string, text: string, options: What) => {
    const { path } = whatOf(options);
    const number = wholeNumber(1, 0xffffffff)(text);
    cli.done(await cli.client().post<Done>("/checkpoints/revert", { resource, path, number }));
  });
};

function whatOptions(command: ReturnType<typeof verb>, both = true): ReturnType<typeof verb> {
  const registry = new Option("--registry <path>", "a registry key below HKLM");
  const crypto = new Option("--crypto <name>", "a key container, TYPE\\NAME\\KEY");
  return command.addOption(both ? registry.conflicts("crypto") : registry).addOption(crypto);
}

function whatOf({ registry, crypto }: What): { readonly kind: "registry" | "crypto"; readonly path: string } {
  if (registry !== undefined && crypto === undefined) return { kind: "registry", path: checkpointPath(registry) };
  if (crypto !== undefined && registry === undefined) return { kind: "crypto", path: crypto };
  throw usage("Say which: --registry PATH or --crypto TYPE\\NAME\\KEY.");
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
