import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { fail } from "../../base/errors.ts";
import { silentLog } from "../../base/log.ts";
import { openOutside } from "../../base/outside-node.ts";
import { openLinuxDisks } from "../../disks/linux-disks.ts";
import { buildKey, findKey, type Key } from "../../tree/key.ts";
import { binary, dword, multiSz, qword, sz, type Value } from "../../tree/value.ts";
import { type Application, startApplication } from "../application.ts";
import { parametersOf } from "../parameters.ts";
import type { RegistryUse, ResourceContext } from "../resource-type.ts";
import { defaultTimes } from "../resource-type.ts";
import { render } from "./render.ts";
import { parseTemplate } from "./template.ts";

const outside = openOutside();
const top = mkdtempSync(join(tmpdir(), "clubar-render-"));
after(() => rmSync(top, { recursive: true, force: true }));
const pem = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
const never = new AbortController().signal;

let folder = "";
let registry: Key;
let uses: RegistryUse[] = [];
let neighbour: Application | undefined;

function values(port: number): Value[] {
  return [
    sz("Server", "Bücher & Söhne"),
    dword("Port", port),
    qword("Big", 2n ** 40n),
    multiSz("Hosts", ["a", "b"]),
    binary("Blob", new Uint8Array(3)),
    sz("", "by default"),
    sz("not a name", "x"),
  ];
}

function setRegistry(port: number): void {
  const key = buildKey({ name: "App", lastWritten: 0n, values: values(port) });
  const software = buildKey({ name: "SOFTWARE", lastWritten: 0n, children: [key] });
  registry = buildKey({ name: "HKLM", lastWritten: 0n, children: [software] });
}

beforeEach(() => {
  folder = mkdtempSync(join(top, "node-"));
  uses = [];
  neighbour = undefined;
  setRegistry(8080);
});

function contextWith(parameters: readonly Value[]): ResourceContext {
  const environment = { PATH: "/usr/bin:/bin", LANG: "C" };
  const dataFolder = folder;
  return {
    outside,
    resource: { id: "1", name: "Files", parameters: parametersOf(parameters, render.parameters), times: defaultTimes },
    readKey: async (path) => findKey(registry, path),
    exportPem: async (container) => {
      if (container === "1\\Provider\\App") return pem;
      throw fail("NTE_BAD_KEYSET", { happened: `There is no key container ${container}.` });
    },
    watch: (use) => void uses.push(use),
    log: silentLog,
    folder,
    disks: openLinuxDisks(outside),
    socket: "",
    environment,
    start: ({ program, environment: all, folder: where }) =>
      startApplication(outside, {
        resource: "Files",
        program,
        environment: all,
        folder: where,
        log: join(folder, "output.log"),
        dataFolder,
      }),
    application: () => undefined,
    applicationOf: (name) => (name === "App" ? neighbour : undefined),
  };
}

const out = (name: string): string => join(folder, "out", name);
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

function withTemplates(texts: readonly string[], more: readonly Value[] = []): ResourceContext {
  const templates = texts.map((text, index) => {
    const path = join(folder, `${index}.template`);
    writeFileSync(path, text);
    return path;
  });
  return contextWith([
    multiSz("TemplateFiles", templates),
    multiSz(
      "OutputFiles",
      templates.map((_, n) => out(String(n))),
    ),
    ...more,
  ]);
}

test("values, the default value, numbers, lists and the environment come out as text; other ${…} stay", async () => {
  const text = [
    "name ${reg:SOFTWARE\\App\\Server};",
    "listen ${reg:software\\app\\PORT};",
    "big ${reg:SOFTWARE\\App\\Big} default ${reg:SOFTWARE\\App\\}",
    "hosts ${reg:SOFTWARE\\App\\Hosts}",
    "lang ${env:LANG} ${host} $uri ${reg} $${reg:SOFTWARE\\App\\Port} $",
  ];
  await render.online(withTemplates([text.join("\n")], [sz("Mode", "0644")]), never);
  const golden = "name Bücher & Söhne;\nlisten 8080;\nbig 1099511627776 default by default\nhosts a\nb\n";
  assert.equal(readFileSync(out("0"), "utf8"), `${golden}lang C \${host} $uri \${reg} \${reg:SOFTWARE\\App\\Port} $`);
  assert.equal(modeOf(out("0")), "644");
  assert.deepEqual(uses, [{ keys: ["SOFTWARE\\App", "software\\app"], containers: [] }]);
});

test("a key container becomes a file of its own, 0600, that goes with the resource", async () => {
  const context = withTemplates(
    ["key ${key:1\\Provider\\App:path};", "${key:1\\Provider\\App:pem}", "none"],
    [sz("Mode", "0644")],
  );
  await render.online(context, never);
  const [, path = ""] = /^key (.*);$/.exec(readFileSync(out("0"), "utf8")) ?? [];
  assert.equal(readFileSync(path, "utf8"), pem);
  assert.deepEqual([path, out("0"), out("1"), out("2")].map(modeOf), ["600", "644", "600", "644"]);
  assert.equal(readFileSync(out("1"), "utf8"), pem);
  assert.deepEqual(uses, [{ keys: [], containers: ["1\\Provider\\App"] }]);
  await render.offline(context, never);
  assert.deepEqual([path, out("0"), out("1"), out("2")].map(existsSync), [false, true, false, true]);
});

test("an environment file holds a key's values, sorted and quoted", async () => {
  const context = contextWith([sz("EnvironmentFile", out("env")), sz("EnvironmentKey", "SOFTWARE\\App")]);
  await render.online(context, never);
  const golden = 'Big=1099511627776\nHosts="a\nb"\nPort=8080\nServer="Bücher & Söhne"\n';
  assert.equal(readFileSync(out("env"), "utf8"), golden);
  assert.equal(modeOf(out("env")), "600");
});

test("what is missing is named, and no file is written", async () => {
  const cases: [string, RegExp][] = [
    ["${reg:SOFTWARE\\App\\Nonesuch}", /HKLM\\SOFTWARE\\App\\Nonesuch.* does not exist/],
    ["${reg:SOFTWARE\\None\\X}", /HKLM\\SOFTWARE\\None\\X/],
    ["${reg:SOFTWARE\\App\\Blob}", /Blob is no text/],
    ["${key:1\\Provider\\Other:path}", /1\\Provider\\Other/],
    ["${key:1\\Provider\\App}", /no placeholder/],
    ["${env:NONESUCH}", /NONESUCH/],
    ["${reg:Port}", /no placeholder/],
  ];
  for (const [text, why] of cases) {
    await assert.rejects(render.online(withTemplates(["fine", text]), never), why);
    assert.equal(existsSync(out("0")), false, text);
  }
  const templates = multiSz("TemplateFiles", ["/nonesuch"]);
  const unread = contextWith([templates, multiSz("OutputFiles", [out("x")])]);
  await assert.rejects(render.online(unread, never), /\/nonesuch/);
  await assert.rejects(render.online(contextWith([templates]), never), { name: "INVALID_PARAMETER" });
  await assert.rejects(render.online(withTemplates(["x"], [sz("Mode", "rw")]), never), { name: "INVALID_PARAMETER" });
});

test("a change is written and reloaded; no change does neither", async () => {
  const reload = sz("ReloadCommand", `sh -c 'cat "$0" >>${join("reloads")}' ${out("0")}`);
  const context = withTemplates(["port ${reg:SOFTWARE\\App\\Port}\n"], [reload]);
  await render.online(context, never);
  const before = statSync(out("0")).ino;
  await render.onRegistryChange?.(context, never);
  assert.equal(statSync(out("0")).ino, before);
  assert.equal(existsSync(join(folder, "reloads")), false);
  setRegistry(9090);
  await render.onRegistryChange?.(context, never);
  assert.notEqual(statSync(out("0")).ino, before);
  assert.equal(readFileSync(join(folder, "reloads"), "utf8"), "port 9090\n");
  assert.deepEqual(readdirSync(join(folder, "out")), ["0"]);
});

test("a reload runs in the container of the resource that it is for, and its failure is told", async () => {
  const text = "${reg:SOFTWARE\\App\\Port}";
  const context = withTemplates([text], [sz("ReloadCommand", "sh -c 'exit 4'"), sz("ReloadResource", "App")]);
  await render.online(context, never);
  setRegistry(1);
  await render.onRegistryChange?.(context, never);
  assert.equal(readFileSync(out("0"), "utf8"), "1", "without the resource there is nothing to reload");
  neighbour = await startApplication(outside, {
    resource: "App",
    program: [],
    environment: { PATH: "/usr/bin:/bin" },
    folder,
    log: join(folder, "app.log"),
    dataFolder: folder,
  });
  setRegistry(2);
  await assert.rejects(Promise.resolve(render.onRegistryChange?.(context, never)), /code 4/);
  assert.equal(readFileSync(out("0"), "utf8"), "2");
  await neighbour.kill();
});

test("it is alive while its outputs are there", async () => {
  const context = withTemplates(["x"]);
  await render.online(context, never);
  assert.equal(await render.isAlive(context, never), true);
  rmSync(out("0"));
  assert.equal(await render.isAlive(context, never), false);
});

test("placeholders are parsed into parts", () => {
  assert.deepEqual(parseTemplate("a${reg:A\\B\\C}b${key:24\\P\\K\\x:pem}${env:E}"), [
    "a",
    { kind: "reg", path: "A\\B", value: "C" },
    "b",
    { kind: "key", container: "24\\P\\K\\x", form: "pem" },
    { kind: "env", name: "E" },
  ]);
});
