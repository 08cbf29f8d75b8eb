import { equalBytes } from "../../base/bytes.ts";
import { folderOf, writeFileDurably } from "../../base/durable.ts";
import { fail } from "../../base/errors.ts";
import { splitCommandLine } from "../command-line.ts";
import { defaultTimes, type ResourceContext, type ResourceType } from "../resource-type.ts";
import { type OutputFile, renderAll } from "./rendering.ts";

/**
 * Our own "Render": writes the files of a program that knows no registry, from templates, before the program (which depends on it) comes
 * online; and again whenever what they are made from changes. All content is made before the first file is written.
 */
export const render: ResourceType = {
  name: "Render",
  diesWithHost: true,
  times: defaultTimes,
  parameters: [
    {
      name: "TemplateFiles",
      kind: "texts",
      required: false,
      meaning: "The templates, by absolute path, on every possible owner.",
    },
    {
      name: "OutputFiles",
      kind: "texts",
      required: false,
      meaning: "The files to write, one for each template, by absolute path.",
    },
    {
      name: "Mode",
      kind: "text",
      required: false,
      default: "0600",
      meaning: "Octal mode of the outputs; one that holds a private key is always 0600.",
    },
    {
      name: "EnvironmentFile",
      kind: "text",
      required: false,
      meaning: "A file of NAME=text lines to write from EnvironmentKey.",
    },
    {
      name: "EnvironmentKey",
      kind: "text",
      required: false,
      meaning: "The registry path below HKLM whose values become EnvironmentFile.",
    },
    {
      name: "ReloadCommand",
      kind: "text",
      required: false,
      meaning: "Run after a change has been written; exit code 0 means that it took effect.",
    },
    {
      name: "ReloadResource",
      kind: "text",
      required: false,
      meaning:
        "The resource whose container runs ReloadCommand, so that it can signal its processes; by default a container of its own.",
    },
  ],

  async online(context) {
    const { files, use } = await renderAll(context);
    await writeChanged(context, files);
    context.watch(use);
  },

  offline: (context) => removeSecrets(context),
  terminate: (context) => removeSecrets(context),
  looksAlive: (context) => outputsExist(context),
  isAlive: (context) => outputsExist(context),

  async onRegistryChange(context, signal) {
    const { files, use } = await renderAll(context);
    const changed = await writeChanged(context, files);
    context.watch(use);
    if (changed.length === 0) return;
    context.log.info("rendered again", { resource: context.resource.name, files: changed });
    await reload(context, signal);
  },
};

/** Writes what differs from what is there, each file by temporary file and rename; the paths written. */
async function writeChanged(context: ResourceContext, outputs: readonly OutputFile[]): Promise<readonly string[]> {
  const { files } = context.outside;
  const changed: string[] = [];
  for (const { path, bytes, secret } of outputs) {
    const mode = secret ? 0o600 : modeOf(context);
    const there = await files.stat(path);
    const same = there?.kind === "file" && equalBytes(await files.read(path), bytes);
    if (same && (there.mode & 0o777) === mode) continue;
    await files.makeFolder(folderOf(path));
    if (!same) await writeFileDurably(files, path, bytes, mode);
    await files.setMode(path, mode);
    changed.push(path);
  }
  return changed;
}

function modeOf(context: ResourceContext): number {
  const text = context.resource.parameters.text("Mode") ?? "";
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw fail("INVALID_PARAMETER", {
    happened: `${context.resource.name}: Mode is ${text}.`,
    unchanged: "No file was written.",
    next: "Give three octal digits, such as 0640.",
  });
}

async function outputsExist(context: ResourceContext): Promise<boolean> {
  const { parameters } = context.resource;
  for (const path of [...parameters.texts("OutputFiles"), parameters.text("EnvironmentFile")]) {
    if (path !== undefined && (await context.outside.files.stat(path))?.kind !== "file") return false;
  }
  return true;
}

/** A node that no longer runs the resource keeps no private key of it. */
async function removeSecrets(context: ResourceContext): Promise<void> {
  const { files } = context.outside;
  const folder = `${context.folder}/keys`;
  for (const name of await files.list(folder).catch(() => [])) await files.unlink(`${folder}/${name}`);
  for (const path of context.resource.parameters.texts("OutputFiles")) {
    if ((await files.stat(path))?.kind === "file" && isSecret(await files.read(path))) await files.unlink(path);
  }
}

function isSecret(bytes: Uint8Array): boolean {
  return /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(new TextDecoder("latin1").decode(bytes));
}

async function reload(context: ResourceContext, signal: AbortSignal): Promise<void> {
  const { parameters, name } = context.resource;
  const line = parameters.text("ReloadCommand");
  if (line === undefined) return;
  const words = splitCommandLine(line);
  const other = parameters.text("ReloadResource");
  const code =
    other === undefined
      ? await runAlone(context, words, signal)
      : await context.applicationOf(other)?.call(words, signal);
  if (code === 0 || (code === undefined && other !== undefined && context.applicationOf(other) === undefined)) return;
  throw fail("RESOURCE_FAILED", {
    happened: `${name}: the files were written anew, but ReloadCommand ${code === undefined ? "did not end" : `ended with code ${code}`}.`,
    next: `Reload the program by hand; the output is in ${context.folder}/output.log.`,
  });
}

async function runAlone(
  context: ResourceContext,
  words: readonly string[],
  signal: AbortSignal,
): Promise<number | undefined> {
  const { environment, folder } = context;
  const application = await context.start({ program: words, environment, folder, watched: false });
  const stop = (): void => void application.kill();
  signal.addEventListener("abort", stop);
  const end = await application.ended;
  signal.removeEventListener("abort", stop);
  return "code" in end && !signal.aborted ? end.code : undefined;
}
