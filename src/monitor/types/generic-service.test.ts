/** Generic Service: a real init script, and systemd as a stand-in that keeps its units in files (no systemd runs where this is tested). */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openScene, type Scene } from "../../../test/monitor/scene.ts";
import { sz } from "../../tree/value.ts";
import { resourceState } from "../resource-state.ts";
import type { ResourceContext } from "../resource-type.ts";
import { genericService } from "./generic-service.ts";

const { online, offline, failed, offlinePending } = resourceState;
const place = mkdtempSync(join(tmpdir(), "clubar-service-"));
const scenes: Scene[] = [];
after(async () => {
  for (const { engine, folder } of scenes) {
    await engine.terminateAll("End of the test.");
    rmSync(folder, { recursive: true, force: true });
  }
  rmSync(place, { recursive: true, force: true });
});
const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const open = async (folder?: string): Promise<Scene> => {
  const parts = {
    environment: { PATH: `${place}:${path}`, PLACE: place },
    ...(folder === undefined ? {} : { folder }),
  };
  const scene = await openScene(parts);
  scenes.push(scene);
  return scene;
};
const program = (name: string, body: string): void => {
  writeFileSync(join(place, name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(place, name), 0o755);
};
const quick = { looksAlivePollInterval: 20, isAlivePollInterval: 60_000 };

/** A unit runs when `runs` is there; one that is `stuck` does not end. */
const standIn = `
echo "$@" >>$PLACE/calls
case "$*" in
  is-system-running) echo running;;
  *LoadState*app.service) echo loaded;;
  *LoadState*) echo not-found;;
  *UnitFileState*) echo disabled;;
  *ActiveState*) [ -e $PLACE/runs ] && echo active || echo inactive;;
  *TasksCurrent*) [ -e $PLACE/runs ] && echo 3 || echo "[not set]";;
  *"start -- app.service") : >$PLACE/runs;;
  *"stop -- app.service") [ -e $PLACE/stuck ] || rm -f $PLACE/runs;;
  *is-active*) [ -e $PLACE/runs ];;
esac`;

test("a unit of systemd: start, watch, stop; nothing is proven while systemd says that something is left", async () => {
  program("systemctl", standIn);
  const scene = await open();
  const runs = join(place, "runs");
  const values = [sz("ServiceName", "app")];
  const event = await scene.online("unit", "Generic Service", values, quick);
  assert.equal(event.state, online, `${event.because} ${scene.output("unit")}`);
  rmSync(runs);
  await scene.reaches("unit", failed);
  await scene.online("unit", "Generic Service", values);
  writeFileSync(join(place, "stuck"), "");
  const stopped = scene.engine.stop("unit");
  while (scene.events.at(-1)?.held !== true) await scene.outside.timers.sleep(5);
  assert.equal(scene.states("unit").at(-1), offlinePending);
  rmSync(join(place, "stuck"));
  await stopped;
  assert.equal(existsSync(runs), false);
  assert.equal(scene.states("unit").at(-1), offline);
  // The next host stops what this one left to systemd.
  await scene.online("unit", "Generic Service", values);
  const next = await open(scene.folder);
  await next.engine.endOutlasting();
  assert.equal(existsSync(runs), false);
  assert.match(readFileSync(join(place, "calls"), "utf8"), /kill --signal=KILL -- app\.service/);
  await scene.engine.terminate("unit");
});

test("a service that is not there, and a name that is none", async () => {
  const scene = await open();
  assert.match(
    (await scene.online("a", "Generic Service", [sz("ServiceName", "other")])).because,
    /no service other \(systemd\)/,
  );
  const event = await scene.online("b", "Generic Service", [sz("ServiceName", "--now")]);
  assert.match(event.because, /ServiceName is --now/);
});

test("without an answer of systemctl nothing counts as gone, whatever lies in /etc/init.d", async () => {
  const scene = await open();
  const parameters = { text: () => "app" };
  const application = { call: async () => undefined };
  const context = {
    outside: scene.outside,
    folder: place,
    resource: { name: "unit", parameters },
    start: async () => application,
    application: () => application,
  } as unknown as ResourceContext;
  const ended = genericService.terminate(context, AbortSignal.timeout(60_000));
  await assert.rejects(ended, /systemctl gave no answer/);
});

const inside = process.env["CLUBAR_TEST_MOUNTS"] === "own";
const can = spawnSync("unshare", ["--mount", "true"]).status === 0 && existsSync("/usr/sbin/service");
if (!inside) {
  test("an init script, among others of its own", { skip: !can && "needs root and service(8)" }, () => {
    const environment: NodeJS.ProcessEnv = { ...process.env, CLUBAR_TEST_MOUNTS: "own" };
    delete environment["NODE_TEST_CONTEXT"];
    const words = ["--mount", process.execPath, "--test-reporter=spec", "--test-name-pattern=init script"];
    const ran = spawnSync("unshare", [...words, new URL(import.meta.url).pathname], {
      env: environment,
      encoding: "utf8",
    });
    assert.equal(ran.status, 0, `${ran.stdout}${ran.stderr}`);
    assert.match(ran.stdout, /pass 1/);
  });
} else {
  test("an init script runs in its container", async () => {
    assert.equal(spawnSync("mount", ["-t", "tmpfs", "tmpfs", "/etc/init.d"]).status, 0);
    rmSync(join(place, "systemctl"), { force: true });
    program("systemctl", "echo offline; exit 1");
    const script = `#!/bin/sh
      case $1 in
        start) setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >${place}/pid; echo "started with $2 $3";;
        stop) kill $(cat ${place}/pid); rm -f ${place}/pid;;
        status) [ -e ${place}/pid ] && kill -0 $(cat ${place}/pid) || exit 3;;
      esac`;
    writeFileSync("/etc/init.d/own", script);
    chmodSync("/etc/init.d/own", 0o755);
    const scene = await open();
    const values = [sz("ServiceName", "own"), sz("StartupParameters", "two words")];
    const event = await scene.online("script", "Generic Service", values, quick);
    assert.equal(event.state, online, `${event.because} ${scene.output("script")}`);
    assert.match(scene.output("script"), /started with two words/);
    await scene.engine.stop("script");
    assert.equal(existsSync(join(place, "pid")), false);
    await scene.online("script", "Generic Service", values, quick);
    await scene.engine.setMayRun(false, "The permit ended.");
    assert.equal(scene.running.size, 0);
    assert.equal(scene.states("script").at(-1), offline);
  });
}
