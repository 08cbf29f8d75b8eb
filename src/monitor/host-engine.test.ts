/** The host's engine with real containers: states, time limits, the permit. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, describe, test } from "node:test";
import { silentLog } from "../base/log.ts";
import { openOutside } from "../base/outside-node.ts";
import { openLinuxDisks } from "../disks/linux-disks.ts";
import { buildKey } from "../tree/key.ts";
import { dword, sz, type Value } from "../tree/value.ts";
import { type ApplicationRecord, readRecords } from "./application-record.ts";
import { createHostEngine, type HostEngine, type ResourceSpec } from "./host-engine.ts";
import { type ResourceEvent, resourceState } from "./resource-state.ts";
import { defaultTimes, type ResourceContext, type ResourceType } from "./resource-type.ts";
import { findResourceType } from "./types.ts";

const outside = openOutside();
const top = mkdtempSync(join(tmpdir(), "clubar-engine-"));
after(() => rmSync(top, { recursive: true, force: true }));
const { online, offline, failed, onlinePending, offlinePending } = resourceState;

let folder = "";
let events: ResourceEvent[] = [];
let told: string[] = [];
let engine: HostEngine;
const extra = new Map<string, ResourceType>();

beforeEach(async () => {
  folder = mkdtempSync(join(top, "node-"));
  events = [];
  told = [];
  extra.clear();
  engine = newEngine();
  await engine.setMayRun(true, "");
});

// A test that fails half way leaves no container, whose end nobody would wait for.
afterEach(() => engine.terminateAll("End of the test."));

function newEngine(): HostEngine {
  const name = (record: ApplicationRecord): string => `${record.init.pid} ${record.init.started}`;
  return createHostEngine(outside, {
    folder,
    socket: join(folder, "api.sock"),
    environment: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    disks: openLinuxDisks(outside),
    findType: (type) => extra.get(type) ?? findResourceType(type),
    readKey: async (path) =>
      path === "SOFTWARE\\App"
        ? buildKey({ name: "App", lastWritten: 0n, values: [sz("GREETING", "good day"), dword("NUMBER", 7)] })
        : undefined,
    exportPem: async () => "",
    log: silentLog,
    onEvent: (event) => void events.push(event),
    onWatch: () => undefined,
    onApplicationStarts: async (record) => void told.push(`app ${name(record)}`),
    onApplicationGone: (record) => void told.push(`gone ${name(record)}`),
  });
}

function spec(id: string, type: string, parameters: readonly Value[], times: ResourceSpec["times"] = {}): ResourceSpec {
  return { id, name: `Resource ${id}`, type, ownershipGeneration: 1, times, parameters };
}

const application = (id: string, command: string, times: ResourceSpec["times"] = {}): ResourceSpec =>
  spec(id, "Generic Application", [sz("CommandLine", command), dword("StopTimeout", 50)], times);

function script(id: string, body: string, times: ResourceSpec["times"] = {}): ResourceSpec {
  const path = join(folder, `${id}.sh`);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return spec(id, "Generic Script", [sz("ScriptFilepath", path), sz("Colour", "blue")], times);
}

/** Waits for a condition; one that never comes ends the test with what happened instead of waiting for ever. */
async function holds(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUp = outside.clock.boot() + 60_000;
  while (!(await condition())) {
    if (outside.clock.boot() > giveUp) assert.fail(`it never came to be; events: ${JSON.stringify(events)}`);
    await outside.timers.sleep(5);
  }
}

const statesOf = (id: string): number[] => events.filter(({ resource }) => resource === id).map(({ state }) => state);
const reaches = (id: string, state: number): Promise<void> => holds(() => statesOf(id).at(-1) === state);
const fileOf = (id: string, name: string): string => join(folder, "resources", id, name);

async function nothingIsLeft(): Promise<void> {
  assert.deepEqual(await readRecords(outside.files, folder), []);
  const apps = told.filter((line) => line.startsWith("app "));
  assert.ok(apps.length > 0, "a container ran");
  for (const line of apps) {
    assert.ok(told.includes(line.replace("app", "gone")), `${line} is told gone`);
    const [, pid = "", started = ""] = line.split(" ");
    assert.equal(await outside.processes.isAlive({ pid: Number(pid), started }), false);
  }
}

describe("Generic Application", () => {
  test("goes online and offline in WSFC's states", async () => {
    engine.start(application("a", "sleep 1000"));
    await reaches("a", online);
    await engine.stop("a");
    assert.deepEqual(statesOf("a"), [onlinePending, online, offlinePending, offline]);
    await nothingIsLeft();
  });

  test("gets the registry as environment", async () => {
    engine.start(
      spec("a", "Generic Application", [
        sz("CommandLine", `sh -c 'echo "$GREETING $NUMBER" >said; exec sleep 1000'`),
        sz("EnvironmentKey", "SOFTWARE\\App"),
      ]),
    );
    await reaches("a", online);
    await holds(() => existsSync(fileOf("a", "said")));
    await holds(() => readFileSync(fileOf("a", "said"), "utf8") === "good day 7\n");
    await engine.terminate("a");
    await nothingIsLeft();
  });

  test("fails at once when its program ends, long before the next look", async () => {
    engine.start(application("a", "sh -c 'while [ ! -e stop ]; do sleep 0.01; done; exit 5'"));
    await reaches("a", online);
    writeFileSync(fileOf("a", "stop"), "");
    await reaches("a", failed);
    assert.match(events.at(-1)?.because ?? "", /ended with code 5/);
    await nothingIsLeft();
    await engine.stop("a");
    assert.equal(statesOf("a").at(-1), offline);
  });

  test("a missing key, program or command line is a clear failure", async () => {
    engine.start(
      spec("a", "Generic Application", [sz("CommandLine", "sleep 1"), sz("EnvironmentKey", "SOFTWARE\\None")]),
    );
    engine.start(application("b", "/nonesuch"));
    engine.start(application("c", "echo 'open"));
    for (const [id, why] of [
      ["a", /HKLM\\SOFTWARE\\None/],
      ["b", /\/nonesuch/],
      ["c", /without its end/],
    ] as const) {
      await reaches(id, failed);
      assert.match(events.findLast(({ resource }) => resource === id)?.because ?? "", why);
    }
  });

  test("an AliveCommand that says no fails it", async () => {
    const times = { looksAlivePollInterval: 10, isAlivePollInterval: 10 };
    const values = [sz("CommandLine", "sleep 1000"), sz("AliveCommand", "test ! -e sick")];
    engine.start(spec("a", "Generic Application", values, times));
    await reaches("a", online);
    writeFileSync(fileOf("a", "sick"), "");
    await reaches("a", failed);
    await nothingIsLeft();
  });
});

describe("Generic Script", () => {
  const daemon = `
    echo "$1 $CLUBAR_RESOURCE $CLUBAR_PARAMETER_COLOUR" >>"$CLUBAR_FOLDER/calls"
    case $1 in
      online) setsid sleep 1000 & echo $! >"$CLUBAR_FOLDER/pid";;
      offline|terminate) kill "$(cat "$CLUBAR_FOLDER/pid")";;
      *) kill -0 "$(cat "$CLUBAR_FOLDER/pid")";;
    esac`;

  test("is called with its words in one container", async () => {
    engine.start(script("s", daemon, { looksAlivePollInterval: 10, isAlivePollInterval: 15 }));
    await reaches("s", online);
    await holds(() => /^is-alive/m.test(readFileSync(fileOf("s", "calls"), "utf8")));
    await engine.stop("s");
    const calls = readFileSync(fileOf("s", "calls"), "utf8").split("\n");
    assert.equal(calls[0], "online Resource s blue");
    assert.ok(calls.includes("offline Resource s blue"));
    assert.deepEqual(statesOf("s"), [onlinePending, online, offlinePending, offline]);
    await nothingIsLeft();
  });

  test("fails when what it started is gone", async () => {
    engine.start(script("s", daemon.replace("sleep 1000 &", "sleep 0.05 &"), { looksAlivePollInterval: 10 }));
    await reaches("s", failed);
    assert.deepEqual(statesOf("s"), [onlinePending, online, failed]);
    await nothingIsLeft();
  });

  test("a hung online is ended at PendingTimeout, and another resource goes on meanwhile", async () => {
    engine.start(
      script("hung", '[ "$1" = online ] || exit 0\ntrap "" TERM; while :; do sleep 1000; done', {
        pendingTimeout: 1500,
      }),
    );
    await reaches("hung", onlinePending);
    engine.start(application("other", "sleep 1000"));
    await reaches("other", online);
    assert.equal(statesOf("hung").at(-1), onlinePending);
    await engine.stop("other");
    await reaches("hung", failed);
    assert.match(events.at(-1)?.because ?? "", /PendingTimeout/);
    await nothingIsLeft();
  });

  test("an offline that fails ends in terminate, and nothing is left", async () => {
    engine.start(script("s", `${daemon}\n[ "$1" != offline ] || exit 9`));
    await reaches("s", online);
    await engine.stop("s");
    assert.equal(statesOf("s").at(-1), offline);
    assert.match(events.at(-1)?.because ?? "", /code 9/);
    assert.match(readFileSync(fileOf("s", "calls"), "utf8"), /^terminate/m);
    await nothingIsLeft();
  });

  test("can be stopped while it comes online", async () => {
    engine.start(script("s", '[ "$1" = online ] && : >"$CLUBAR_FOLDER/here" && sleep 1000\nexit 0'));
    await holds(() => existsSync(fileOf("s", "here")));
    await engine.stop("s");
    assert.deepEqual(statesOf("s"), [onlinePending, offlinePending, offline]);
    await nothingIsLeft();
  });
});

describe("the permit", () => {
  test("nothing starts without it", async () => {
    const fresh = newEngine();
    assert.throws(() => fresh.start(application("a", "sleep 1000")), { name: "INVALID_STATE" });
    assert.deepEqual(told, []);
  });

  test("its end kills everything, also what is just starting, and the proof comes after", async () => {
    engine.start(application("a", "sh -c 'trap \"\" TERM; setsid sleep 1000 & wait'"));
    await reaches("a", online);
    for (const id of ["b", "c", "d"]) engine.start(application(id, "sleep 1000"));
    engine.start(script("s", '[ "$1" = online ] && sleep 1000'));
    await engine.setMayRun(false, "The permit ended.");
    await nothingIsLeft();
    for (const id of ["a", "b", "c", "d", "s"]) assert.equal(statesOf(id).at(-1), offline, id);
    assert.throws(() => engine.start(application("e", "sleep 1000")), { name: "INVALID_STATE" });
    await engine.setMayRun(true, "");
    engine.start(application("a", "sleep 1000"));
    await reaches("a", online);
    await engine.terminateAll("End of the test.");
    await nothingIsLeft();
  });

  test("a call that hangs over the end of its life can start nothing later", async () => {
    const goOn = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    let late: Promise<unknown> | undefined;
    const hanging = typeOf("Hanging", {
      online: async (context) => {
        entered.resolve();
        await goOn.promise;
        late = context.start({
          program: ["sleep", "1000"],
          environment: context.environment,
          folder: "/",
          watched: true,
        });
        await late;
      },
    });
    extra.set("Hanging", hanging);
    engine.start(spec("h", "Hanging", []));
    await entered.promise;
    await engine.terminate("h");
    await engine.setMayRun(false, "");
    await engine.setMayRun(true, "");
    goOn.resolve();
    await holds(() => late !== undefined);
    await assert.rejects(late ?? Promise.resolve(), { name: "INVALID_STATE" });
    assert.deepEqual(told, []);
    assert.deepEqual(statesOf("h"), [onlinePending, offline]);
  });

  test("a type that does not die with its host is asked to terminate even then", async () => {
    let terminated = 0;
    extra.set("Address", { ...typeOf("Address", { terminate: async () => void terminated++ }), diesWithHost: false });
    extra.set("Plain", typeOf("Plain", { terminate: async () => void (terminated += 100) }));
    engine.start(spec("x", "Address", []));
    engine.start(spec("p", "Plain", []));
    await reaches("x", online);
    await reaches("p", online);
    await engine.setMayRun(false, "The permit ended.");
    assert.equal(terminated, 1);
  });
});

describe("commands", () => {
  test("a start of what is online starts nothing twice; an unknown one is offline; an unknown type is refused", async () => {
    engine.start(application("a", "sleep 1000"));
    await reaches("a", online);
    engine.start(application("a", "sleep 1000"));
    assert.deepEqual(statesOf("a"), [onlinePending, online, online]);
    assert.equal(told.length, 1);
    await engine.stop("nobody");
    assert.deepEqual(statesOf("nobody"), [offline]);
    assert.throws(() => engine.start(spec("t", "Nonesuch", [])), { name: "CLUSTER_RESOURCE_TYPE_NOT_FOUND" });
    await engine.terminateAll("End of the test.");
    assert.deepEqual(
      engine.status().map(({ resource, state }) => [resource, state]),
      [["a", offline]],
    );
  });

  test("changes that come while one is taken in become one", async () => {
    let running = 0;
    let calls = 0;
    const gate = Promise.withResolvers<void>();
    const onRegistryChange = async (): Promise<void> => {
      calls++;
      assert.equal(++running, 1);
      await gate.promise;
      running--;
    };
    extra.set("Changing", { ...typeOf("Changing", {}), onRegistryChange });
    engine.start(spec("r", "Changing", []));
    await reaches("r", online);
    for (let n = 0; n < 5; n++) engine.registryChanged("r");
    gate.resolve();
    await holds(() => calls === 2 && running === 0);
    await engine.terminate("r");
    assert.equal(calls, 2);
  });
});

function typeOf(name: string, parts: Partial<Pick<ResourceType, "online" | "terminate">>): ResourceType {
  return {
    name,
    diesWithHost: true,
    times: defaultTimes,
    parameters: [],
    online: async (_context: ResourceContext) => undefined,
    offline: async () => undefined,
    terminate: async () => undefined,
    looksAlive: async () => true,
    isAlive: async () => true,
    ...parts,
  };
}
