/** Every resource type in the suite that third parties use, each with a resource that needs nothing but this machine. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { describeResourceType } from "../../../test/conformance/resource-type.ts";
import { openOutside } from "../../base/outside-node.ts";
import { openImageDisks } from "../../disks/image-disks.ts";
import { createImage } from "../../disks/new-image.ts";
import { dword, multiSz, sz } from "../../tree/value.ts";

const outside = openOutside();
const place = mkdtempSync(join(tmpdir(), "clubar-conformance-"));
after(() => rmSync(place, { recursive: true, force: true }));
const at = (name: string): string => join(place, name);
const has = (name: string) => (): boolean => existsSync(at(name));
const remove = (name: string) => (): void => rmSync(at(name), { recursive: true });
const program = (path: string, body: string): string => {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
};

/** The lock is held exactly while a process has it open. */
const isLocked = (name: string) => (): boolean =>
  existsSync(at(name)) && spawnSync("flock", ["-n", at(name), "true"]).status !== 0;

/** Ends the process that holds the lock, which is in a container of this test. */
const endHolder = (name: string) => (): void => void spawnSync("pkill", ["-f", `^flock -o ${at(name)} sleep`]);

describeResourceType({
  type: "Generic Application",
  values: [sz("CommandLine", `flock -o ${at("app")} sleep 1000`), sz("AliveCommand", `test ! -e ${at("sick")}`)],
  isThere: isLocked("app"),
  breakIt: () => writeFileSync(at("sick"), ""),
  required: "CommandLine",
});

describeResourceType({
  type: "Generic Script",
  values: [
    sz(
      "ScriptFilepath",
      program(
        at("script.sh"),
        `case $1 in
          online) setsid flock -o ${at("script")} sleep 1000 & while flock -n ${at("script")} true; do sleep 0.01; done;;
          offline) pkill -f "flock -o ${at("script")}"; exit 0;;
          *) ! flock -n ${at("script")} true;;
        esac`,
      ),
    ),
  ],
  isThere: isLocked("script"),
  breakIt: endHolder("script"),
  required: "ScriptFilepath",
  takesAny: true,
});

writeFileSync(at("template"), "plain\n");
describeResourceType({
  type: "Render",
  values: [multiSz("TemplateFiles", [at("template")]), multiSz("OutputFiles", [at("rendered")])],
  isThere: has("rendered"),
  // A file is no service.
  stays: true,
  breakIt: remove("rendered"),
});

const images = at("images");
mkdirSync(images);
const partitions = [{ offset: 1048576, size: 4096 }];
await createImage(outside.files, join(images, "a.img"), {
  id: { signature: 7 },
  size: 2097152,
  sector: 512,
  partitions,
});
describeResourceType({
  type: "Physical Disk",
  values: [dword("DiskSignature", 7), sz("MountPoint", at("point"))],
  isThere: async () => (await openImageDisks(outside, images, "simulated").mountedAt(at("point"))) !== undefined,
  breakIt: () => openImageDisks(outside, images, "simulated").unmount(at("point")),
  required: "MountPoint",
  disks: () => openImageDisks(outside, images, "simulated"),
});

const standIn = `case "$*" in
  is-system-running) echo running;;
  *LoadState*) echo loaded;;
  *ActiveState*) [ -e ${at("unit")} ] && echo active || echo inactive;;
  *start\\ --*) : >${at("unit")};;
  *stop\\ --*) rm -f ${at("unit")};;
  *is-active*) [ -e ${at("unit")} ];;
esac`;
program(join(at("bin"), "systemctl"), standIn);
describeResourceType({
  type: "Generic Service",
  values: [sz("ServiceName", "app")],
  isThere: has("unit"),
  breakIt: remove("unit"),
  required: "ServiceName",
  environment: { PATH: `${at("bin")}:/usr/sbin:/usr/bin:/sbin:/bin` },
});

const agent = (name: string): string => `case $1 in
  meta-data) echo '<resource-agent name="Lock"><parameters/><actions><action name="start"/></actions></resource-agent>';;
  start) : >${at(name)};;
  stop) rm -f ${at(name)};;
  monitor) [ -e ${at(name)} ] || exit 7;;
esac`;
program(join(at("ocf"), "resource.d", "test", "File"), agent("agent"));
program(
  join(at("ocf"), "resource.d", "test", "Lock"),
  `case $1 in
    start) setsid flock -o ${at("daemon")} sleep 1000 & while flock -n ${at("daemon")} true; do sleep 0.01; done;;
    stop) pkill -f "flock -o ${at("daemon")}"; exit 0;;
    monitor) ! flock -n ${at("daemon")} true || exit 7;;
    *) ${agent("unused").replaceAll("\n", " ")}
  esac`,
);
for (const [type, name, isThere, breakIt] of [
  ["OCF Agent", "File", has("agent"), remove("agent")],
  ["OCF Daemon", "Lock", isLocked("daemon"), endHolder("daemon")],
] as const) {
  describeResourceType({
    type,
    values: [sz("OcfAgent", `ocf:test:${name}`)],
    isThere,
    breakIt,
    required: "OcfAgent",
    environment: { OCF_ROOT: at("ocf") },
  });
}

const port = 18_083;
const answers = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => socket.destroy()).once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  });
const example = new URL("../../../docs/manual/resource-type-example.mjs", import.meta.url).pathname;
const end = `() => require("fs").existsSync("${at("deaf")}") && process.exit(9)`;
const server = `require("net").createServer(${end}).listen(${port}, "127.0.0.1")`;
describeResourceType({
  type: "Port Service",
  values: [multiSz("Program", [process.execPath, "-e", server]), sz("Port", String(port))],
  module: { path: example, diesWithHost: true },
  isThere: answers,
  breakIt: () => writeFileSync(at("deaf"), ""),
  required: "Program",
});
