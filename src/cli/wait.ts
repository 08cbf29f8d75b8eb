/** Waits until a group or resource is as it was asked to be. */
import { apiPath } from "../api/client.ts";
import type { StatusView } from "../api/status-view.ts";
import type { GroupView, ResourceView } from "../api/views.ts";
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Cli } from "./cli.ts";
import { orDash } from "./render/text.ts";

/** What `--wait` gave: nothing, true, or seconds. */
export type Wait = number | true | undefined;

const poll = 100;
const defaultSeconds = 60;

/** Asks until `look` says done; TIMEOUT (exit 124) afterwards: what was asked goes on all the same. */
export async function waitUntil(
  cli: Cli,
  wait: Wait,
  what: string,
  look: () => Promise<string | undefined>,
): Promise<void> {
  if (wait === undefined) return;
  const seconds = wait === true ? defaultSeconds : wait;
  const end = cli.terminal.elapsed() + seconds * 1000;
  const work = async (): Promise<void> => {
    for (;;) {
      const state = await look();
      if (state === undefined) return;
      if (cli.terminal.elapsed() >= end) {
        throw fail("TIMEOUT", {
          happened: `${what} took longer than ${seconds} s; now: ${state}.`,
          unchanged: "It was asked for and goes on.",
          next: "See `clubar status`.",
        });
      }
      await cli.terminal.sleep(poll);
    }
  };
  await cli.busy(what, work());
}

/** Looks at a group: undefined when its state is the wanted one; fails when the group is left failed. */
export function lookAtGroup(
  cli: Cli,
  name: string,
  isDone: (group: GroupView) => boolean,
): () => Promise<string | undefined> {
  const client = cli.client();
  return async () => {
    const group = await client.get<GroupView>(apiPath("groups", name));
    if (isDone(group)) return undefined;
    if (group.failed !== null && group.movingTo === null) {
      throw fail("RESOURCE_FAILED", {
        happened: `Group "${group.name}" is left failed on ${orDash(group.owner)}: ${group.failed}`,
        next: "See `clubar status`, mend the cause, then bring it online again.",
      });
    }
    return `${group.state} on ${orDash(group.owner)}`;
  };
}

/** Looks at a resource: undefined when its state is the wanted one. */
export function lookAtResource(cli: Cli, name: string, wanted: string): () => Promise<string | undefined> {
  const client = cli.client();
  return async () => {
    const resource = await client.get<ResourceView>(apiPath("resources", name));
    if (resource.state === wanted) return undefined;
    const { state, node, reason } = resource;
    return `${state} on ${orDash(node)}${reason === "" ? "" : ` (${reason.replace(/\.$/, "")})`}`;
  };
}

/** undefined when the node leads or follows again; between two beginnings nobody answers. */
export async function isBack(cli: Cli): Promise<string | undefined> {
  try {
    const { state } = await cli.client().get<StatusView["self"]>("/status/self");
    return state === "leader" || state === "member" ? undefined : `the node is ${state}`;
  } catch (error) {
    return failureOf(error).happened;
  }
}
