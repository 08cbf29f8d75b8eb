import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openOutside } from "./outside-node.ts";
import { OutsideError, longestFrame } from "./outside.ts";
import type { Connection, Net, Processes, ProgramSpec } from "./outside.ts";

const outside = openOutside();
const { files } = outside;
let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "clubar-outside-"));
});
// A test that fails must not leave sockets or programs behind.
const open: (() => unknown)[] = [];
after(async () => {
  for (const close of open) await close();
  await rm(folder, { recursive: true });
});
const net: Net = {
  listen: async (...args) => {
    const listener = await outside.net.listen(...args);
    open.push(() => listener.close());
    return listener;
  },
  connect: async (address) => {
    const connection = await outside.net.connect(address);
    open.push(() => connection.close());
    return connection;
  },
};
const processes: Processes = {
  ...outside.processes,
  start: async (spec) => {
    const child = await outside.processes.start(spec);
    open.push(() => outside.processes.signal(child.identity, "SIGKILL"));
    return child;
  },
};
const path = (name: string): string => join(folder, name);
const program = (command: string, args: string[], more: Partial<ProgramSpec> = {}): ProgramSpec => ({
  command,
  args,
  environment: {},
  output: "lines",
  ...more,
});

/** Runs code in another process, on this Node, with `outside` opened; resolves at its first line of output. */
async function other(code: string): Promise<{ line: string; kill: () => Promise<void> }> {
  const from = new URL("outside-node.ts", import.meta.url).href;
  const script = `import { openOutside } from ${JSON.stringify(from)}; const outside = openOutside(); ${code}; setInterval(() => 0, 1e6);`;
  const child = await processes.start(program(process.execPath, ["--input-type=module", "-e", script]));
  const line = await new Promise<string>((resolve) => child.onLine(resolve));
  return {
    line,
    kill: async () => {
      await processes.signal(child.identity, "SIGKILL");
      assert.deepEqual(await child.ended, { signal: "SIGKILL" });
    },
  };
}

test("a lock excludes another process and ends with its death", async () => {
  const at = path("lock");
  await writeFile(at, "");
  const holder = await other(`
    const file = await outside.files.open(${JSON.stringify(at)}, "update"); globalThis.file = file; console.log(await file.lock())`);
  assert.equal(holder.line, "true");
  const file = await files.open(at, "update");
  assert.equal(await files.isLocked(at), true);
  assert.equal(await file.lock(), false);
  await holder.kill();
  assert.equal(await files.isLocked(at), false);
  assert.equal(await file.lock(), true);
  const second = await files.open(at, "append");
  assert.equal(await second.lock(), false, "two descriptions of one process exclude each other");
  await file.close();
  assert.equal(await second.lock(), true);
  await second.close();
});

test("a started program does not inherit a lock", async () => {
  const at = path("inherit");
  const file = await files.open(at, "append");
  assert.equal(await file.lock(), true);
  const child = await processes.start(program("sleep", ["1000"], { environment: { PATH: "/usr/bin:/bin" } }));
  await file.close();
  assert.equal(await files.isLocked(at), false);
  await processes.signal(child.identity, "SIGKILL");
  await child.ended;
});

test("what is opened to write only can't be read, and is not made", async () => {
  await assert.rejects(files.open(path("none"), "write-only"), { code: "ENOENT" });
  await (await files.open(path("only"), "create")).close();
  const file = await files.open(path("only"), "write-only");
  await file.write(new TextEncoder().encode("1"), 0);
  await assert.rejects(file.read(0, 1), { code: "EBADF" });
  await file.close();
  assert.equal(new TextDecoder().decode(await files.read(path("only"))), "1");
});

test("files: what is written is read, failures have POSIX names", async () => {
  const at = path("file");
  const made = await files.open(at, "create", 0o640);
  await made.write(Uint8Array.of(1, 2, 3, 4), 0);
  await made.write(Uint8Array.of(9), 1);
  await made.truncate(3);
  await made.sync();
  assert.deepEqual(await made.read(1, 100), Uint8Array.of(9, 3));
  assert.equal(await made.size(), 3);
  await made.close();
  const appended = await files.open(at, "append");
  await appended.write(Uint8Array.of(5));
  await appended.close();
  assert.deepEqual(await files.read(at), Uint8Array.of(1, 9, 3, 5));
  const found = await files.stat(at);
  assert.deepEqual([found?.kind, found?.size, found?.mode], ["file", 4, 0o640]);
  assert.equal(found?.inode, (await stat(at, { bigint: true })).ino);
  await symlink(at, path("symlink"));
  assert.equal((await files.stat(path("symlink")))?.kind, "link");
  assert.equal(await files.stat(join(at, "below")), undefined);
  await files.link(at, path("linked"));
  const code = (name: string) => (error: unknown) => error instanceof OutsideError && error.code === name;
  await assert.rejects(files.link(at, path("linked")), code("EEXIST"));
  await assert.rejects(files.open(at, "create"), code("EEXIST"));
  await assert.rejects(files.open(path("none"), "update"), code("ENOENT"));
  await assert.rejects(files.read(path("none")), code("ENOENT"));
  await files.makeFolder(path("a/b"));
  await files.makeFolder(path("a/b"));
  assert.equal((await files.stat(path("a")))?.mode, 0o700);
  await assert.rejects(files.removeFolder(path("a")), code("ENOTEMPTY"));
  for (const name of ["B", "é", "a"]) await writeFile(path(`a/b/${name}`), "");
  assert.deepEqual(await files.list(path("a/b")), ["B", "a", "é"]);
  await files.syncFolder(path("a/b"));
  assert.equal(await files.fileSystem("/dev/shm/none/below"), await files.fileSystem("/dev/shm"));
});

test("folders: those above come with them; where none can be made it is said, also below /proc", async () => {
  await files.makeFolder(path("new/er/est"));
  assert.equal((await stat(path("new/er"))).mode & 0o777, 0o700);
  await writeFile(path("no-folder"), "");
  const refused = (where: string, code: string): Promise<void> =>
    assert.rejects(files.makeFolder(where), (error) => error instanceof OutsideError && error.code === code);
  await refused(path("no-folder"), "EEXIST");
  await refused(path("no-folder/below"), "ENOTDIR");
  await refused("/proc/clubar/below", "ENOENT");
});

test("folders made at the same time below one that is not there yet are all made", async () => {
  for (let round = 0; round < 200; round++) {
    const makeOne = async (late: number): Promise<void> => {
      for (let turn = 0; turn < late; turn++) await stat(path("no such thing")).catch(() => undefined);
      await files.makeFolder(path(`at-once-${round}/above/${late}`));
    };
    await Promise.all([0, 1, 2, 3, 4, 5].map(makeOne));
  }
});

test("boot time is the kernel's and goes forward; sleeping ends by its signal", async () => {
  const uptime = Number((await readFile("/proc/uptime", "utf8")).split(" ")[0]) * 1000;
  const boot = outside.clock.boot();
  assert.ok(boot >= uptime - 10, `${boot} ${uptime}`);
  assert.ok(outside.clock.boot() >= boot);
  const controller = new AbortController();
  const sleeping = outside.timers.sleep(1e9, controller.signal);
  controller.abort();
  await sleeping;
  await outside.timers.sleep(1e9, controller.signal);
  await outside.timers.sleep(1);
  assert.ok(outside.clock.boot() > boot);
});

/** An echoing listener. */
const echo = (connection: Connection): void => connection.onFrame((frame) => connection.send(frame));

async function exchange(address: string, frames: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const connection = await net.connect(address);
  const back: Uint8Array[] = [];
  await new Promise<void>((resolve) => {
    connection.onFrame((frame) => {
      back.push(frame);
      if (back.length === frames.length) resolve();
    });
    for (const frame of frames) connection.send(frame);
  });
  connection.close();
  return back;
}

test("frames of every length arrive whole and in order, also by a path longer than a socket address", async () => {
  const deep = path(`${"long".repeat(20)}/${"path".repeat(20)}`);
  await files.makeFolder(deep);
  const frames = [0, 1, 0, 4, 70_000, 3_000_000, 2].map((length) => new Uint8Array(length).fill(length % 251));
  for (const address of [path("s"), join(deep, "s")]) {
    const listener = await net.listen(address, echo);
    assert.deepEqual(await exchange(address, frames), frames);
    await listener.close();
    assert.equal(await files.stat(address), undefined, "the socket's file is gone");
    await assert.rejects(net.connect(address), { code: "ENOENT" });
  }
});

test("frames that come before anybody listens for them are kept; too long ones are refused", async () => {
  const address = path("early");
  const accepted: Connection[] = [];
  const listener = await net.listen(address, (connection) => accepted.push(connection));
  const connection = await net.connect(address);
  connection.send(Uint8Array.of(1));
  connection.send(Uint8Array.of(2));
  connection.close();
  while (accepted.length === 0) await new Promise(setImmediate);
  await new Promise<void>((resolve) => accepted[0]?.onClose(resolve));
  const got: Uint8Array[] = [];
  accepted[0]?.onFrame((frame) => got.push(frame));
  assert.deepEqual(got, [Uint8Array.of(1), Uint8Array.of(2)]);
  await new Promise<void>((resolve) => connection.onClose(resolve));
  connection.send(Uint8Array.of(3));
  const next = await net.connect(address);
  assert.throws(() => next.send(new Uint8Array(longestFrame + 1)), { code: "EMSGSIZE" });
  next.close();
  await listener.close();
});

test("an address that answers is taken; a dead socket file is replaced", async () => {
  const address = path("taken");
  const holder = await other(`await outside.net.listen(${JSON.stringify(address)}, () => 0); console.log("listening")`);
  await assert.rejects(net.listen(address, echo), { code: "EADDRINUSE" });
  (await net.connect(address)).close();
  await holder.kill();
  assert.equal((await files.stat(address))?.kind, "other");
  await assert.rejects(net.connect(address), { code: "ECONNREFUSED" });
  const both = await Promise.allSettled([net.listen(address, echo), net.listen(address, echo)]);
  assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  assert.deepEqual(await exchange(address, [Uint8Array.of(5)]), [Uint8Array.of(5)]);
  for (const one of both) if (one.status === "fulfilled") await one.value.close();
  await writeFile(address, "mine");
  await assert.rejects(net.listen(address, echo), { code: "EADDRINUSE" });
  assert.equal(await readFile(address, "utf8"), "mine");
});

test("of many that find a dead socket file one gets the address", async () => {
  for (let round = 0; round < 20; round++) {
    const address = path(`raced${round}`);
    const before = await net.listen(`${address}.before`, echo);
    await files.link(`${address}.before`, address);
    await before.close();
    const racing = await Promise.allSettled(Array.from({ length: 5 }, () => net.listen(address, echo)));
    assert.equal(racing.filter(({ status }) => status === "fulfilled").length, 1);
    assert.deepEqual(await exchange(address, [Uint8Array.of(5)]), [Uint8Array.of(5)]);
  }
});

test("nobody listens in a folder that others can enter", async () => {
  const enterable = path("enterable");
  await mkdir(enterable);
  for (const mode of [0o755, 0o710, 0o701]) {
    await chmod(enterable, mode);
    await assert.rejects(net.listen(join(enterable, "s"), echo), { name: "ACCESS_DENIED" });
  }
  assert.deepEqual(await files.list(enterable), []);
});

test("the other side's death closes a connection; garbage does too", async () => {
  const address = path("death");
  const holder = await other(`await outside.net.listen(${JSON.stringify(address)}, () => 0); console.log("listening")`);
  const connection = await net.connect(address);
  const closed = new Promise<void>((resolve) => connection.onClose(resolve));
  await holder.kill();
  await closed;
  const server = createServer((socket) => socket.write(Uint8Array.of(255, 255, 255, 255, 1)));
  const garbage = path("garbage");
  await new Promise<void>((resolve) => server.listen(garbage, resolve));
  const cut = await net.connect(garbage);
  await new Promise<void>((resolve) => cut.onClose(resolve));
  server.close();
});

test("a process is named by pid and start time", async () => {
  assert.equal(processes.self.pid, process.pid);
  assert.equal(await processes.isAlive(processes.self), true);
  assert.equal(await processes.isAlive({ ...processes.self, started: "1" }), false);
  assert.equal(await processes.signal({ ...processes.self, started: "1" }, "SIGKILL"), false);
  const child = await processes.start(program("/bin/sh", ["-c", "read line; echo $line; exit 7"], { input: true }));
  assert.equal(await processes.isAlive(child.identity), true);
  const line = new Promise<string>((resolve) => child.onLine(resolve));
  child.tell("hello");
  assert.equal(await line, "hello");
  assert.deepEqual(await child.ended, { code: 7 });
  assert.equal(await processes.isAlive(child.identity), false);
  assert.equal(await processes.signal(child.identity, "SIGTERM"), false);
});

test("a zombie counts as gone", async () => {
  // The child ends only when its parent is a program that reaps nobody; the shell would.
  const script = "exec 3<&0; (read -r go <&3) & echo $!; exec /bin/sleep 1000";
  const parent = await processes.start(program("/bin/sh", ["-c", script], { input: true }));
  const pid = Number(await new Promise<string>((resolve) => parent.onLine(resolve)));
  const nameOfParent = (): Promise<string> => readFile(`/proc/${parent.identity.pid}/comm`, "utf8");
  while ((await nameOfParent()) !== "sleep\n") await new Promise(setImmediate);
  parent.tell("go");
  const fields = async (): Promise<string[]> => {
    const text = await readFile(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  };
  while ((await fields())[0] !== "Z") await new Promise(setImmediate);
  assert.equal(await processes.isAlive({ pid, started: (await fields())[19] ?? "" }), false);
  await processes.signal(parent.identity, "SIGKILL");
  await parent.ended;
});

test("a program gets exactly its environment and folder; output goes where it is told", async () => {
  const lines: string[] = [];
  const child = await processes.start(program("/usr/bin/env", [], { environment: { ONLY: "this" }, folder }));
  child.onLine((line, from) => lines.push(`${from} ${line}`));
  assert.deepEqual(await child.ended, { code: 0 });
  assert.deepEqual(lines, ["stdout ONLY=this"]);
  const log = path("out.log");
  for (const word of ["one", "two"]) {
    const quiet = await processes.start(
      program("/bin/sh", ["-c", `echo ${word}; echo e >&2`], { output: { file: log } }),
    );
    await quiet.ended;
  }
  assert.equal(await readFile(log, "utf8"), "one\ne\ntwo\ne\n");
  await assert.rejects(processes.start(program("/no/such/program", [])), { code: "ENOENT" });
});

test("a detached program outlives its parent; an input pipe ends with it", async () => {
  const start = (args: string, more: string): string => `
    const child = await outside.processes.start({ command: "/bin/sh", args: ["-c", ${JSON.stringify(args)}], environment: {}, ${more} });
    console.log(JSON.stringify(child.identity))`;
  const parent = await other(start("exec /bin/sleep 1000", `output: "none", detached: true`));
  const orphan = JSON.parse(parent.line) as typeof processes.self;
  await parent.kill();
  assert.equal(await processes.isAlive(orphan), true);
  assert.equal(await processes.signal(orphan, "SIGKILL"), true);
  const second = await other(start("/bin/cat", `output: "none", detached: true, input: true`));
  const reader = JSON.parse(second.line) as typeof processes.self;
  await second.kill();
  while (await processes.isAlive(reader)) await new Promise(setImmediate);
});

test("a detached program does not keep its parent", async () => {
  const from = new URL("outside-node.ts", import.meta.url).href;
  const script = `import { openOutside } from ${JSON.stringify(from)};
    const child = await openOutside().processes.start(
      { command: "/bin/sleep", args: ["1000"], environment: {}, output: "lines", detached: true, input: true });
    console.log(child.identity.pid, child.identity.started);`;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  parent.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await new Promise((resolve) => parent.on("close", resolve));
  const [pid, started = ""] = text.trim().split(" ");
  assert.equal(await processes.signal({ pid: Number(pid), started }, "SIGKILL"), true);
});
