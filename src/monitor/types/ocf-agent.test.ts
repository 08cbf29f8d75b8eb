/** Agents of Debian's resource-agents, for real: in network and mount namespaces that this file makes for itself. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openScene, type Scene } from "../../../test/monitor/scene.ts";
import { openOutside } from "../../base/outside-node.ts";
import { killApplication } from "../application-kill.ts";
import { probeContainment } from "../containment.ts";
import { processTable } from "../process-table.ts";
import { dword, sz, type Value } from "../../tree/value.ts";
import { resourceState } from "../resource-state.ts";

const { online, failed, offline } = resourceState;
const agents = "/usr/lib/ocf/resource.d/heartbeat";
const inside = process.env["CLUBAR_TEST_NAMESPACES"] === "own";
const lacks = (...paths: string[]): string | false => {
  const missing = paths.find((path) => !existsSync(path));
  return missing !== undefined && `needs ${missing}`;
};
const why =
  spawnSync("unshare", ["--net", "--mount", "true"]).status === 0
    ? lacks(`${agents}/Dummy`)
    : "needs root and namespaces";

if (!inside) {
  test("in namespaces of its own", { skip: why }, () => {
    const environment: NodeJS.ProcessEnv = { ...process.env, CLUBAR_TEST_NAMESPACES: "own" };
    delete environment["NODE_TEST_CONTEXT"];
    const words = ["--net", "--mount", process.execPath, "--test-reporter=spec", new URL(import.meta.url).pathname];
    const ran = spawnSync("unshare", words, { env: environment, encoding: "utf8" });
    assert.equal(ran.status, 0, `${ran.stdout}${ran.stderr}`);
  });
} else {
  const place = mkdtempSync(join(tmpdir(), "clubar-ocf-"));
  const scenes: Scene[] = [];
  const open = async (folder?: string): Promise<Scene> => {
    const scene = await openScene(folder === undefined ? {} : { folder });
    scenes.push(scene);
    return scene;
  };
  const scene = await open();
  const { engine } = scene;
  after(async () => {
    for (const each of scenes) await each.engine.terminateAll("End of the test.");
    for (const path of [scene.folder, place]) rmSync(path, { recursive: true, force: true });
  });
  spawnSync("ip", ["link", "set", "lo", "up"]);
  const agent = (name: string, ...values: Value[]): readonly Value[] => [
    sz("OcfAgent", `ocf:heartbeat:${name}`),
    ...values,
  ];
  const mustBeOnline = async (name: string, type: string, values: readonly Value[], times = {}): Promise<void> => {
    const event = await scene.online(name, type, values, times);
    assert.equal(event.state, online, `${event.because}\n${scene.output(name)}`);
  };
  const outside = openOutside();
  const noCgroups = (await probeContainment(outside)).cgroupParent === undefined && "no cgroups can be made here";
  /** Pids of this process's shells for commands. */
  const shells = async (): Promise<number[]> => {
    const mine = (await processTable(outside.files)).filter(
      ({ parent, state }) => parent === process.pid && state !== "Z",
    );
    const isShell = (pid: number): boolean =>
      existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("clubar-calls");
    return mine.map(({ identity }) => identity.pid).filter(isShell);
  };
  const quick = { looksAlivePollInterval: 20, isAlivePollInterval: 60_000 };

  test("Dummy: start, monitor, stop; a monitor that says 7 fails it", async () => {
    const state = join(place, "dummy");
    await mustBeOnline("dummy", "OCF Agent", agent("Dummy", sz("state", state)), quick);
    assert.ok(existsSync(state));
    await engine.stop("dummy");
    assert.equal(scene.states("dummy").at(-1), offline);
    assert.equal(existsSync(state), false);
    await mustBeOnline("dummy", "OCF Agent", agent("Dummy", sz("state", state)), quick);
    rmSync(state);
    await scene.reaches("dummy", failed);
    assert.equal(scene.running.size, 0);
  });

  test("the end of the shell that begins agents' commands fails no resource", { skip: noCgroups }, async () => {
    const state = join(place, "shell");
    await mustBeOnline("shell", "OCF Agent", agent("Dummy", sz("state", state)), quick);
    // LooksAlive and IsAlive each ask twice: three answers may be lost in a row.
    for (let round = 0; round < 3; round += 1) {
      const before = await shells();
      assert.equal(before.length, 1);
      for (const pid of before) process.kill(pid, "SIGKILL");
      while ((await shells()).every((pid) => before.includes(pid))) await outside.timers.sleep(5);
    }
    assert.equal(scene.states("shell").at(-1), online);
    await engine.stop("shell");
    assert.equal(scene.states("shell").at(-1), offline);
  });

  test("IPaddr2 changes the machine and gives it back; the next host does what this one did not", {
    skip: lacks(`${agents}/IPaddr2`),
  }, async () => {
    const addresses = (): string => spawnSync("ip", ["address"], { encoding: "utf8" }).stdout;
    const values = agent("IPaddr2", sz("ip", "10.7.0.5"), sz("cidr_netmask", "32"), sz("nic", "lo"));
    await mustBeOnline("address", "OCF Agent", values);
    assert.match(addresses(), /10\.7\.0\.5/);
    await engine.stop("address");
    assert.doesNotMatch(addresses(), /10\.7\.0\.5/);
    await mustBeOnline("address", "OCF Agent", values);
    // The host is gone without a word; its containers are ended first, as host-process.ts does.
    for (const record of scene.running.values()) await killApplication(scene.outside, record);
    assert.match(addresses(), /10\.7\.0\.5/);
    const next = await open(scene.folder);
    await next.engine.endOutlasting();
    assert.doesNotMatch(addresses(), /10\.7\.0\.5/);
    await engine.terminate("address");
  });

  test("Filesystem mounts where everybody sees it, and unmounts", {
    skip: lacks(`${agents}/Filesystem`, "/usr/sbin/modprobe"),
  }, async () => {
    const point = join(place, "mounted");
    mkdirSync(point);
    const mounts = (): string => readFileSync("/proc/self/mounts", "utf8");
    await mustBeOnline(
      "files",
      "OCF Agent",
      agent("Filesystem", sz("device", "tmpfs"), sz("directory", point), sz("fstype", "tmpfs")),
    );
    assert.match(mounts(), new RegExp(point));
    await engine.terminate("files");
    assert.doesNotMatch(mounts(), new RegExp(point));
  });

  test("nginx lives in its container and ends with it", {
    skip: lacks(`${agents}/nginx`, "/usr/sbin/nginx"),
  }, async () => {
    const config = join(place, "nginx.conf");
    const pid = join(place, "nginx.pid");
    const lines = [
      `pid ${pid};`,
      `error_log ${place}/error.log;`,
      "events {}",
      "http { access_log off; server { listen 127.0.0.1:18080; return 200; } }",
    ];
    writeFileSync(config, `${lines.join("\n")}\n`);
    const values = agent("nginx", sz("configfile", config), sz("status10url", "http://127.0.0.1:18080/"));
    await mustBeOnline("web", "OCF Daemon", values);
    assert.equal(await answers(18080), true);
    const [record] = [...scene.running.values()];
    assert.ok(record !== undefined);
    await killApplication(scene.outside, record);
    assert.equal(await answers(18080), false);
    await scene.reaches("web", failed);
    // The pid file that it left names nobody in the next container.
    assert.ok(existsSync(pid));
    await mustBeOnline("web", "OCF Daemon", values);
    assert.equal(await answers(18080), true);
    await engine.stop("web");
    assert.equal(await answers(18080), false);
    const deep = await scene.online("web", "OCF Daemon", [...values, dword("OcfCheckLevel", 5)]);
    assert.match(deep.because, /OcfCheckLevel is 5; the agent offers 0, 10, 20, 30/);
  });

  test("redis: a database that is stopped in order", {
    skip: lacks(`${agents}/redis`, "/usr/bin/redis-server"),
  }, async () => {
    const config = join(place, "redis.conf");
    writeFileSync(
      config,
      `port 18081\nbind 127.0.0.1\ndaemonize yes\nunixsocket ${place}/redis.sock\npidfile ${place}/redis.pid\ndir ${place}\n`,
    );
    const more = { user: "root", rundir: place, pidfile_name: "redis.pid", socket_name: "redis.sock", port: "18081" };
    const values = Object.entries(more).map(([name, text]) => sz(name, text));
    await mustBeOnline("redis", "OCF Daemon", agent("redis", sz("config", config), ...values), quick);
    assert.equal(await answers(18081), true);
    const cli = ["-p", "18081", "shutdown", "nosave"];
    spawnSync("redis-cli", cli);
    await scene.reaches("redis", failed);
    assert.equal(await answers(18081), false);
  });

  const postgres = existsSync("/usr/lib/postgresql")
    ? readdirSync("/usr/lib/postgresql").map((version) => `/usr/lib/postgresql/${version}/bin`)
    : [];
  const bin = postgres.find((path) => existsSync(`${path}/initdb`));

  test("pgsql: a database is killed, recovers with what it had acknowledged, and is stopped in order", {
    skip: bin === undefined ? "needs postgresql" : lacks(`${agents}/pgsql`),
  }, async () => {
    const [home, port] = [mkdtempSync(join(tmpdir(), "clubar-pg-")), "18094"];
    const asPostgres = (program: string, ...args: readonly string[]): string => {
      const ran = spawnSync(
        "setpriv",
        ["--reuid=postgres", "--regid=postgres", "--init-groups", `${bin}/${program}`, ...args],
        {
          encoding: "utf8",
          cwd: "/",
        },
      );
      assert.equal(ran.status, 0, `${program}: ${ran.stderr}`);
      return ran.stdout.trim();
    };
    spawnSync("chown", ["postgres:", home]);
    asPostgres("initdb", "--pgdata", `${home}/data`, "--no-sync", "--auth=trust");
    const sql = (text: string): string => asPostgres("psql", "-h", "127.0.0.1", "-p", port, "-Atc", text, "postgres");
    const more = { pgctl: `${bin}/pg_ctl`, psql: `${bin}/psql`, pgdata: `${home}/data`, pgport: port, socketdir: home };
    const given = { ...more, logfile: `${home}/log`, pghost: "127.0.0.1" };
    const values = agent("pgsql", ...Object.entries(given).map(([name, text]) => sz(name, text)));
    try {
      await mustBeOnline("pg", "OCF Daemon", values, quick);
      sql("create table kept (n int); insert into kept values (7)");
      const own = spawnSync("pgrep", ["-f", `^${bin}/postgres -D ${home}/data`], { encoding: "utf8" }).stdout.trim();
      assert.match(own, /^\d+$/);
      process.kill(Number(own), "SIGKILL");
      await scene.reaches("pg", failed);
      assert.equal(scene.running.size, 0);
      await mustBeOnline("pg", "OCF Daemon", values, quick);
      assert.equal(sql("select n from kept"), "7");
      await engine.stop("pg");
      assert.match(readFileSync(`${home}/log`, "utf8"), /database system is shut down\n*$/);
    } finally {
      await engine.terminate("pg");
      rmSync(home, { recursive: true, force: true });
    }
  });

  test("an OCF Daemon can't change the machine", { skip: lacks(`${agents}/IPaddr2`) }, async () => {
    const values = agent("IPaddr2", sz("ip", "10.7.0.6"), sz("cidr_netmask", "32"), sz("nic", "lo"));
    const event = await scene.online("no", "OCF Daemon", values);
    assert.equal(event.state, failed);
    assert.doesNotMatch(spawnSync("ip", ["address"], { encoding: "utf8" }).stdout, /10\.7\.0\.6/);
  });

  test("unknown, misspelt and missing parameters and agents are named", async () => {
    const refused = async (values: readonly Value[]): Promise<string> =>
      (await scene.online("bad", "OCF Agent", values)).because;
    assert.match(
      await refused(agent("Dummy", sz("colour", "x"))),
      /no parameter colour\..* Parameters of Dummy: state/,
    );
    assert.match(await refused(agent("Dummy", sz("State", "x"))), /it is written state/);
    assert.match(await refused(agent("IPaddr2")), /ip is missing/);
    assert.match(await refused(agent("None")), /no agent \/usr\/lib\/ocf\/resource\.d\/heartbeat\/None/);
    assert.match(await refused([sz("OcfAgent", "ocf:../x:y")]), /OcfAgent is ocf:\.\.\/x:y/);
    assert.match(await refused([]), /OcfAgent is missing/);
  });

  function answers(port: number): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = createConnection(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
  }
}
