/** Starts the host process of a life and connects to it. */
import { fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";
import type { Timing } from "../membership/timing.ts";
import { HostClient, type HostEvents } from "./host-client.ts";
import { type HostConfig, socketPath } from "./host-config.ts";

/** How to run a program of this installation: command and the arguments before the program's own. */
export interface ProgramStart {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Resolves once the new host answers: it first waits for every earlier host of this node to go. Rejects with
 * CLUSTER_RHS_FAILED_INITIALIZATION when the process ends before that.
 */
export async function startHost(
  outside: Outside,
  program: ProgramStart,
  config: HostConfig,
  timing: Timing,
  events: HostEvents,
): Promise<HostClient> {
  await outside.files.makeFolder(`${config.data}/log`);
  const child = await outside.processes.start({
    command: program.command,
    args: [...program.args, JSON.stringify(config)],
    environment: program.environment,
    folder: config.data,
    detached: true,
    output: { file: `${config.data}/log/host.log` },
  });
  let ended = false;
  void child.ended.then(() => {
    ended = true;
  });
  const endpoint = socketPath.host(config.data);
  for (;;) {
    if (ended) {
      throw fail("CLUSTER_RHS_FAILED_INITIALIZATION", {
        happened: "The host process ended before it could be reached.",
        unchanged: "Nothing runs on this node.",
        next: `See ${config.data}/log/host.log.`,
      });
    }
    const client = await HostClient.connect(outside, endpoint, config.instance, timing, events).catch(() => undefined);
    // An older host may still answer there for a moment.
    if (client !== undefined && client.hello.host.pid === child.identity.pid) return client;
    client?.close();
    await outside.timers.sleep(5);
  }
}
