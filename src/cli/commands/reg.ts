import { readFile, writeFile } from "node:fs/promises";
import type { KeyView } from "../../api/routes/registry.ts";
import { valueView } from "../../api/value-view.ts";
import { fail } from "../../base/errors.ts";
import { translated } from "../../base/outside-node-error.ts";
import { readHive } from "../../hive/read.ts";
import { readRegText } from "../../hive/reg-text.ts";
import { writeRegText } from "../../hive/reg-write.ts";
import type { Edit } from "../../tree/edit.ts";
import { joinPath } from "../../tree/path.ts";
import type { Cli, Done } from "../cli.ts";
import { usage } from "../exit.ts";
import { registryPath } from "../registry-path.ts";
import { parseValue, valueText } from "../registry-value.ts";
import { oneLine } from "../render/table.ts";
import { counted } from "../render/text.ts";
import { type Define, notes, verb } from "../verbs.ts";

/** `clubar reg …`. */
export const defineReg: Define = (noun, cli) => {
  defineQuery(noun, cli);
  defineChanges(noun, cli);
  defineFiles(noun, cli);
  notes(
    noun,
    "This node's registry, with reg.exe's words. In a shell, put paths with backslashes in single quotes: 'HKLM\\SOFTWARE\\Web'.",
  );
};

interface QueryOptions {
  readonly value?: string;
  readonly recursive?: boolean;
}

function defineQuery(noun: Parameters<Define>[0], cli: Cli): void {
  verb(noun, "query <key>", "Show a key's values and subkeys")
    .option("--value <name>", 'only this value; "" is the default one')
    .option("--recursive", "with all subkeys")
    .action(async (key: string, { value, recursive }: QueryOptions) => {
      const keys = await readKeys(cli, registryPath(key), recursive === true);
      const found = keys.map((one) =>
        value === undefined ? one : { ...one, values: one.values.filter(({ name }) => same(name, value)), subkeys: [] },
      );
      const hits = value === undefined ? found : found.filter((one) => one.values.length > 0);
      if (hits.length === 0) {
        throw fail("FILE_NOT_FOUND", {
          happened: `HKLM\\${registryPath(key)} has no value "${value ?? ""}".`,
          unchanged: "Nothing was changed.",
        });
      }
      cli.show(recursive === true ? hits : hits[0], () =>
        hits.map((one) => keyText(one, recursive === true)).join("\n"),
      );
    });
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

async function readKeys(cli: Cli, path: string, recursive: boolean): Promise<KeyView[]> {
  const client = cli.client();
  const keys: KeyView[] = [];
  const waiting = [path];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const key = await client.get<KeyView>("/registry/key", { path: next });
    keys.push(key);
    const below = next;
    if (recursive) waiting.push(...key.subkeys.map((name) => (below === "" ? name : `${below}\\${name}`)).reverse());
  }
  return keys;
}

function keyText(key: KeyView, recursive: boolean): string {
  const full = (path: string): string => oneLine(path === "" ? "HKEY_LOCAL_MACHINE" : `HKEY_LOCAL_MACHINE\\${path}`);
  const values = key.values.map((value) => {
    const [type, data] = valueText(value);
    return `    ${oneLine(value.name === "" ? "(Default)" : value.name)}    ${type}    ${data}`;
  });
  const subkeys = recursive ? [] : key.subkeys.map((name) => full(key.path === "" ? name : `${key.path}\\${name}`));
  return `${[full(key.path), ...values, ...subkeys].join("\n")}\n`;
}

interface AddOptions {
  readonly value?: string;
  readonly type: string;
  readonly data?: string;
  readonly separator: string;
}

interface DeleteOptions {
  readonly value?: string;
  readonly allValues?: boolean;
}

function defineChanges(noun: Parameters<Define>[0], cli: Cli): void {
  verb(noun, "add <key>", "Add a key, or set a value of it")
    .option("--value <name>", 'the value; "" is the default one')
    .option("--type <type>", "REG_SZ, REG_EXPAND_SZ, REG_MULTI_SZ, REG_DWORD, REG_QWORD, REG_BINARY …", "REG_SZ")
    .option("--data <data>", "its data: text, number, list, or hexadecimal")
    .option("--separator <text>", "between the texts of a REG_MULTI_SZ", "\\0")
    .action(async (key: string, options: AddOptions) => {
      const path = registryPath(key);
      if (options.value === undefined && options.data === undefined) {
        await edit(cli, [{ kind: "create-key", path }], `The key HKLM\\${path} is there.`);
        return;
      }
      const value = parseValue(options.value ?? "", options.type, options.data ?? "", options.separator);
      await edit(cli, [{ kind: "set-value", path, value }], `The value "${value.name}" of HKLM\\${path} is set.`);
    });
  verb(noun, "delete <key>", "Delete a key with all below it, or values of it")
    .option("--value <name>", "only this value")
    .option("--all-values", "all its values, the key stays")
    .action(async (key: string, options: DeleteOptions) => {
      const path = registryPath(key);
      const present = await cli.client().get<KeyView>("/registry/key", { path });
      if (options.value !== undefined && options.allValues === true)
        throw usage("Say --value or --all-values, not both.");
      if (options.value === undefined && options.allValues !== true) {
        await cli.confirm(
          `HKLM\\${path} is deleted with its ${counted(present.subkeys.length, "subkey")} and all below.`,
          "Delete it?",
        );
        await edit(cli, [{ kind: "delete-key", path }], `The key HKLM\\${path} is deleted.`);
        return;
      }
      const wanted = options.value;
      const names = present.values.map(({ name }) => name).filter((name) => wanted === undefined || same(name, wanted));
      if (wanted !== undefined && names.length === 0)
        throw fail("FILE_NOT_FOUND", {
          happened: `HKLM\\${path} has no value "${wanted}".`,
          unchanged: "Nothing was changed.",
        });
      if (names.length === 0) cli.done({ done: `HKLM\\${path} has no values.` });
      else
        await edit(
          cli,
          names.map((name) => ({ kind: "delete-value", path, name })),
          `${counted(names.length, "value")} of HKLM\\${path} deleted.`,
        );
    });
}

async function edit(cli: Cli, edits: readonly Edit[], done: string): Promise<void> {
  const body = edits.map((one) => (one.kind === "set-value" ? { ...one, value: valueView(one.value) } : one));
  const answer = await cli.busy("Writing", cli.client().post<Done>("/registry/edits", { edits: body }));
  cli.done({ ...answer, done });
}

function defineFiles(noun: Parameters<Define>[0], cli: Cli): void {
  const read = async (file: string): Promise<Uint8Array> =>
    new Uint8Array(await translated(`read ${file}`, () => readFile(cli.path(file))));
  const write = (file: string, bytes: Uint8Array): Promise<void> =>
    translated(`write ${file}`, () => writeFile(cli.path(file), bytes, { mode: 0o600 }));
  const hive = (path: string): Promise<Uint8Array> => cli.client().bytes("GET", "/registry/hive", { path });
  verb(noun, "import <file>", "Make the changes of a .reg file").action(async (file: string) => {
    const edits = readRegText(await read(file)).filter(({ kind, path }) => kind !== "create-key" || path !== "");
    if (edits.length === 0) cli.done({ done: `${file} asks for nothing.` });
    else await edit(cli, edits, `${file} is imported: ${counted(edits.length, "change")}.`);
  });
  verb(noun, "export <key> <file>", "Write a key with all below it as a .reg file").action(
    async (key: string, file: string) => {
      const path = registryPath(key);
      await write(
        file,
        writeRegText(readHive(await hive(path)).root, { prefix: joinPath("HKEY_LOCAL_MACHINE", path) }),
      );
      cli.done({ done: `HKLM\\${path} is written to ${file}.` });
    },
  );
  verb(noun, "save <key> <file>", "Write a key with all below it as a hive file").action(
    async (key: string, file: string) => {
      const path = registryPath(key);
      await write(file, await hive(path));
      cli.done({ done: `HKLM\\${path} is saved to ${file}.` });
    },
  );
  verb(noun, "load <key> <file>", "Mount a copy of a hive file as HKLM\\NAME, for good").action(
    async (key: string, file: string) => {
      const answer = await cli.client().bytes("PUT", "/registry/hive", { name: mountName(key) }, await read(file));
      cli.done(JSON.parse(new TextDecoder().decode(answer)) as Done);
    },
  );
  verb(noun, "unload <key>", "Take a mounted hive and its file away").action(async (key: string) => {
    const name = mountName(key);
    await cli.confirm(`HKLM\\${name} is taken away with its file.`, "Unload it?");
    cli.done(await cli.client().delete<Done>("/registry/hive", { name }));
  });
}

function mountName(key: string): string {
  const name = registryPath(key);
  if (name === "" || name.includes("\\")) throw usage(`A hive is mounted right below HKLM; "${key}" is not there.`);
  return name;
}
