/** A host's engine with real containers, for tests of resource types. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "../../src/base/log.ts";
import { typeRunner } from "../../src/daemon/type-runner-words.ts";
import { openOutside } from "../../src/base/outside-node.ts";
import type { Outside } from "../../src/base/outside.ts";
import type { Disks } from "../../src/disks/disks.ts";
import { openLinuxDisks } from "../../src/disks/linux-disks.ts";
import type { ApplicationRecord } from "../../src/monitor/application-record.ts";
import { createHostEngine, type HostEngine, type ResourceSpec } from "../../src/monitor/host-engine.ts";
import type { ResourceEvent } from "../../src/monitor/resource-state.ts";
import type { ResourceType } from "../../src/monitor/resource-type.ts";
import { findResourceType } from "../../src/monitor/types.ts";
import type { Key } from "../../src/tree/key.ts";
import type { Value } from "../../src/tree/value.ts";

/** What a scene may be told; all of it optional. */
export interface SceneParts {
  /** A node's data folder that exists already: another host of that node. */
  readonly folder?: string;
  readonly types?: readonly ResourceType[];
  readonly keys?: ReadonlyMap<string, Key>;
  /** Added to what programs of resources start from. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Those of the machine unless given; told the node's data folder. */
  readonly disks?: (folder: string) => Disks;
}

/** A running host. */
export interface Scene {
  readonly outside: Outside;
  readonly engine: HostEngine;
  /** The node's data folder. */
  readonly folder: string;
  readonly events: readonly ResourceEvent[];
  /** Containers that run. */
  readonly running: ReadonlyMap<string, ApplicationRecord>;
  /** Every container that was ever begun for a resource of this name. */
  started(name: string): readonly ApplicationRecord[];
  /** Brings a resource online under its name; the last event of its start says how that went. */
  online(
    name: string,
    type: string,
    values: readonly Value[],
    times?: ResourceSpec["times"],
    module?: ResourceSpec["module"],
  ): Promise<ResourceEvent>;
  /** Waits until it is in one of these states. */
  reaches(name: string, ...states: readonly number[]): Promise<ResourceEvent>;
  states(name: string): readonly number[];
  /** What its programs have said. */
  output(name: string): string;
}

const environment = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" };

/** An engine with the permit to run, in a folder of its own, which the caller removes. */
export async function openScene(parts: SceneParts = {}): Promise<Scene> {
  const outside = openOutside();
  const folder = parts.folder ?? mkdtempSync(join(tmpdir(), "clubar-types-"));
  const events: ResourceEvent[] = [];
  const running = new Map<string, ApplicationRecord>();
  const started: ApplicationRecord[] = [];
  const engine = createHostEngine(outside, {
    folder,
    socket: join(folder, "api.sock"),
    environment: { ...environment, ...parts.environment },
    disks: parts.disks?.(folder) ?? openLinuxDisks(outside),
    findType: (name) => parts.types?.find((type) => type.name === name) ?? findResourceType(name),
    typeRunner: typeRunner(),
    readKey: async (path) => parts.keys?.get(path),
    exportPem: async () => "",
    log: createLog((line) => void logged.push(line), outside.clock, {}),
    onEvent: (event) => void events.push(event),
    onWatch: () => undefined,
    async onApplicationStarts(record) {
      started.push(record);
      running.set(record.id, record);
    },
    onApplicationGone: (record) => void running.delete(record.id),
  });
  const logged: string[] = [];
  await engine.setMayRun(true, "");
  const last = (name: string): ResourceEvent | undefined => events.findLast(({ resource }) => resource === name);
  const output = (name: string): string => {
    const path = join(folder, "resources", name, "output.log");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  };
  const reaches = async (name: string, ...states: readonly number[]): Promise<ResourceEvent> => {
    const giveUp = outside.clock.boot() + 60_000;
    for (;;) {
      const event = last(name);
      if (event !== undefined && states.includes(event.state)) return event;
      if (outside.clock.boot() > giveUp)
        assert.fail(
          `${name} never came to ${states.join(" or ")}: ${JSON.stringify(events)}\n${output(name)}\n${logged.join("\n")}`,
        );
      await outside.timers.sleep(5);
    }
  };
  return {
    outside,
    engine,
    folder,
    events,
    running,
    started: (name) => started.filter(({ resource }) => resource === name),
    reaches,
    output,
    states: (name) => events.filter(({ resource }) => resource === name).map(({ state }) => state),
    online(name, type, parameters, times = {}, module) {
      const own = module === undefined ? {} : { module };
      engine.start({ id: name, name, type, ownershipGeneration: 1, times, parameters, ...own });
      return reaches(name, 2, 4);
    },
  };
}

/** Waits for a condition; one that never comes ends the test. */
export async function holds(outside: Outside, condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUp = outside.clock.boot() + 60_000;
  while (!(await condition())) {
    if (outside.clock.boot() > giveUp) assert.fail(`It never came to be: ${String(condition)}`);
    await outside.timers.sleep(5);
  }
}
