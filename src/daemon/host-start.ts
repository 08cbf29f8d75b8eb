/** Starts the host process of a life and connects to it. */
import { fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";
import type { Timing } from "../membership/timing.ts";
import { formatTlsAddress, hostPortOffset, parseHostPort } from "../base/tls-address.ts";
import { HostClient, type HostEvents } from "./host-client.ts";
import { type HostConfig, socketPath } from "./host-config.ts";

/** How long a host may take to come up, in the times of one call: the one before it may have much to end. */
const upLimit = 15;

/** How to run a program of this installation: command and the arguments before the program's own. */
export interface ProgramStart {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Resolves once the new host answers: it first waits for every earlier host of this node to go. Rejects with
 * CLUSTER_RHS_FAILED_INITIALIZATION when the process ends before that or does not come up in time, CANCELLED when it is not
 * wanted any more; then the process is ended.
 */
export async function startHost(
  outside: Outside,
  program: ProgramStart,
  config: HostConfig,
  timing: Timing,
  events: HostEvents,
  isWanted: () => boolean = () => true,
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
  const advertised = hostEndpoint(config);
  const until = outside.clock.boot() + timing.call * upLimit;
  for (;;) {
    const trouble = ended
      ? failedToStart("The host process ended before it could be reached.", `See ${config.data}/log/host.log.`)
      : outside.clock.boot() >= until
        ? failedToStart(
            `The host process did not come up: an earlier host of this node may still hold ${config.data}/host.lock.`,
            `The service tries again by itself. See ${config.data}/log/host.log; end the process that holds the lock.`,
          )
        : isWanted()
          ? undefined
          : fail("CANCELLED", { happened: "The start of the host was broken off.", unchanged: "Nothing was started." });
    if (trouble !== undefined) {
      await outside.processes.signal(child.identity, "SIGKILL").catch(() => false);
      throw trouble;
    }
    const client = await HostClient.connect(outside, endpoint, config.instance, timing, events, advertised).catch(
      () => undefined,
    );
    // An older host may still answer there for a moment.
    if (client !== undefined && client.hello.host.pid === child.identity.pid) return client;
    client?.close();
    await outside.timers.sleep(5);
  }
}

/** Where hosts of other nodes ask this one. */
function hostEndpoint({ data, node, listen = [] }: HostConfig): string {
  if (listen.length === 0) return socketPath.host(data);
  return formatTlsAddress(
    node,
    listen.map((place) => parseHostPort(place)),
    hostPortOffset,
  );
}

function failedToStart(happened: string, next: string): Error {
  return fail("CLUSTER_RHS_FAILED_INITIALIZATION", { happened, unchanged: "This host started nothing.", next });
}
