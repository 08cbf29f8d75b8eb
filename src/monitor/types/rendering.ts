import { sha256 } from "../../base/digest.ts";
import { fail } from "../../base/errors.ts";
import { type Key, valueOf, valuesOf } from "../../tree/key.ts";
import { valueText } from "../parameters.ts";
import type { RegistryUse, ResourceContext } from "../resource-type.ts";
import { parseTemplate, type Placeholder } from "./template.ts";

/** A file as it should be. */
export interface OutputFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Holds a private key: always 0600, removed when the resource goes offline. */
  readonly secret: boolean;
}

/** All files of a Render resource, key files first, and what they were made from. */
export interface Rendering {
  readonly files: readonly OutputFile[];
  readonly use: RegistryUse;
}

/**
 * Makes the content of all outputs, or nothing.
 * @throws FILE_NOT_FOUND naming the template, registry value or variable that is missing; INVALID_DATA for a value that is no text
 */
export async function renderAll(context: ResourceContext): Promise<Rendering> {
  const { parameters, name } = context.resource;
  const templates = parameters.texts("TemplateFiles");
  const outputs = parameters.texts("OutputFiles");
  const environmentFile = parameters.text("EnvironmentFile");
  const environmentKey = parameters.text("EnvironmentKey");
  if (templates.length !== outputs.length || (environmentFile === undefined) !== (environmentKey === undefined)) {
    throw fail("INVALID_PARAMETER", {
      happened:
        `${name}: there are ${templates.length} TemplateFiles for ${outputs.length} OutputFiles, ` +
        `${environmentFile === undefined ? "no" : "an"} EnvironmentFile and ${environmentKey === undefined ? "no" : "an"} EnvironmentKey.`,
      unchanged: "Nothing was written.",
      next: "Name one output for each template, and both or none of EnvironmentFile and EnvironmentKey.",
    });
  }
  const sources = new Sources(context);
  const files: OutputFile[] = [];
  for (const [index, template] of templates.entries())
    files.push(await renderOne(context, sources, template, outputs[index] ?? ""));
  if (environmentFile !== undefined && environmentKey !== undefined)
    files.push(await sources.environment(environmentFile, environmentKey));
  return { files: [...sources.keyFiles(), ...files], use: sources.use() };
}

async function renderOne(
  context: ResourceContext,
  sources: Sources,
  template: string,
  path: string,
): Promise<OutputFile> {
  const bytes = await context.outside.files.read(template).catch((cause: unknown) => {
    throw missing(
      context,
      `the template ${template} can't be read (${cause instanceof Error ? cause.message : "unknown"})`,
    );
  });
  let text = "";
  let secret = false;
  for (const part of parseTemplate(new TextDecoder().decode(bytes))) {
    text += typeof part === "string" ? part : await sources.textOf(part, template);
    secret ||= typeof part !== "string" && part.kind === "key" && part.form === "pem";
  }
  return { path, bytes: new TextEncoder().encode(text), secret };
}

/** Reads what placeholders name, each thing once, and remembers it. */
class Sources {
  readonly #context: ResourceContext;
  readonly #keys = new Map<string, Key | undefined>();
  readonly #pems = new Map<string, string>();
  readonly #keyFiles = new Map<string, OutputFile>();

  constructor(context: ResourceContext) {
    this.#context = context;
  }

  async textOf(what: Placeholder, template: string): Promise<string> {
    if (what.kind === "reg") return this.#value(what.path, what.value, template);
    if (what.kind === "key") return what.form === "pem" ? this.#pem(what.container) : this.#pemPath(what.container);
    const text = this.#context.environment[what.name];
    if (text === undefined)
      throw missing(this.#context, `the environment variable ${what.name}, which ${template} asks for, is not set`);
    return text;
  }

  /** `NAME=text` lines, as systemd and `sh` read them, from a key's values in the order of their names. */
  async environment(path: string, keyPath: string): Promise<OutputFile> {
    const key = await this.#key(keyPath);
    if (key === undefined)
      throw missing(this.#context, `the registry key HKLM\\${keyPath} (EnvironmentKey) does not exist on this node`);
    const lines: string[] = [];
    for (const value of valuesOf(key)) {
      const text = valueText(value);
      if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(value.name) && text !== undefined)
        lines.push(`${value.name}=${quoted(text)}\n`);
    }
    return { path, bytes: new TextEncoder().encode(lines.sort().join("")), secret: false };
  }

  keyFiles(): readonly OutputFile[] {
    return [...this.#keyFiles.values()];
  }

  use(): RegistryUse {
    return { keys: [...this.#keys.keys()], containers: [...this.#pems.keys()] };
  }

  async #value(path: string, name: string, template: string): Promise<string> {
    const shown = `HKLM\\${path}\\${name === "" ? "(default)" : name}`;
    const key = await this.#key(path);
    const value = key === undefined ? undefined : valueOf(key, name);
    if (value === undefined) {
      throw missing(
        this.#context,
        `the registry value ${shown}, which ${template} asks for, does not exist on this node`,
      );
    }
    const text = valueText(value);
    if (text !== undefined) return text;
    throw fail("INVALID_DATA", {
      happened: `${this.#context.resource.name}: the registry value ${shown} is no text and no number.`,
      unchanged: "Nothing was written.",
      next: "Store it as REG_SZ, REG_EXPAND_SZ, REG_MULTI_SZ, REG_DWORD or REG_QWORD.",
    });
  }

  async #key(path: string): Promise<Key | undefined> {
    if (!this.#keys.has(path)) this.#keys.set(path, await this.#context.readKey(path));
    return this.#keys.get(path);
  }

  async #pem(container: string): Promise<string> {
    const pem = this.#pems.get(container) ?? (await this.#context.exportPem(container));
    this.#pems.set(container, pem);
    return pem;
  }

  async #pemPath(container: string): Promise<string> {
    const bytes = new TextEncoder().encode(await this.#pem(container));
    const plain = container.replaceAll(/[^A-Za-z0-9.-]/g, "_").slice(0, 80);
    const digest = sha256(new TextEncoder().encode(container)).slice(0, 8);
    const path = `${this.#context.folder}/keys/${plain}-${digest}.pem`;
    this.#keyFiles.set(path, { path, bytes, secret: true });
    return path;
  }
}

/** Quoted when it must be, so that a shell and systemd read the same text. */
function quoted(text: string): string {
  return /^[A-Za-z0-9_./:@%+,-]*$/.test(text) ? text : `"${text.replaceAll(/["\\$`]/g, "\\$&")}"`;
}

function missing(context: ResourceContext, what: string): Error {
  return fail("FILE_NOT_FOUND", {
    happened: `${context.resource.name}: ${what}.`,
    unchanged: "No file was written.",
    next: "Create it on this node (or put it under a checkpoint of this resource, so that it comes along), then try again.",
  });
}
