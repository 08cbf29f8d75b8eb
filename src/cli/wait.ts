/** Waits until a group or resource is as it was asked to be. */
import { apiPath } from "../api/client.ts";
import type { StatusView } from "../api/status-view.ts";
import type { GroupView, ResourceView } from "../api/views.ts";
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Cli, Done } from "./cli.ts";
import { orDash } from "./render/text.ts";

/** What `--wait` gave: nothing, true, or seconds. */
export type Wait = number | true | undefined;

const poll = 100;
const defaultSeconds = 60;

/** Asks until `look` (told when it is the last time) says done; TIMEOUT (exit 124) afterwards: what was asked goes on all the same. */
export async function waitUntil(
  cli: Cli,
  wait: Wait,
  what: string,
  look: (isLast: boolean) => Promise<string | undefined>,
): Promise<void> {
  if (wait === undefined) return;
  const seconds = wait === true ? defaultSeconds : wait;
  const end = cli.terminal.elapsed() + seconds * 1000;
  const work = async (): Promise<void> => {
    for (;;) {
      const isLast = cli.terminal.elapsed() >= end;
      const state = await look(isLast);
      if (state === undefined) return;
      if (isLast) {
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

/** What is waited for after a change, and when it was asked for (`elapsed` of the terminal). */
interface Waiting<View> {
  readonly name: string;
  readonly wait: Wait;
  readonly what: string;
  readonly asked: number;
  readonly answer: Done;
  readonly isDone: (now: View) => boolean;
}

/** Shows the answer to a change of a group; with --wait what has come of it. RESOURCE_FAILED when the group is left failed. */
export async function showGroup(cli: Cli, waiting: Waiting<GroupView>): Promise<void> {
  const client = cli.client();
  let last: GroupView | undefined;
  await waitUntil(cli, waiting.wait, waiting.what, async (isLast) => {
    const group = await client.get<GroupView>(apiPath("groups", waiting.name));
    last = group;
    if (waiting.isDone(group)) return undefined;
    if (group.failed !== null && group.movingTo === null) throw leftFailed(group.failed, await reasonsIn(cli, group));
    const reasons = isLast ? await reasonsIn(cli, group) : "";
    return `${group.state} on ${orDash(group.owner)}${reasons === "" ? "" : ` (${reasons.replace(/\.$/, "")})`}`;
  });
  if (last === undefined) return cli.done(waiting.answer);
  const { name, state, owner, wanted, resources } = last;
  if (resources.length === 0) {
    const happens = `Group "${name}" is to be ${wanted ? "online" : "offline"}, on ${orDash(owner)}; it has no resources.`;
    return cli.done({ ...waiting.answer, done: happens });
  }
  cli.done(arrived(cli, waiting, `Group "${name}"`, state, owner));
}

/** The same of a resource. */
export async function showResource(cli: Cli, waiting: Waiting<ResourceView>): Promise<void> {
  const client = cli.client();
  let last: ResourceView | undefined;
  await waitUntil(cli, waiting.wait, waiting.what, async () => {
    const resource = await client.get<ResourceView>(apiPath("resources", waiting.name));
    last = resource;
    if (waiting.isDone(resource)) return undefined;
    const { state, node, reason, group } = resource;
    const { failed, movingTo } = group === null ? none : await client.get<GroupView>(apiPath("groups", group));
    if (failed !== null && movingTo === null) throw leftFailed(failed, reason);
    return `${state} on ${orDash(node)}${reason === "" ? "" : ` (${reason.replace(/\.$/, "")})`}`;
  });
  if (last === undefined) return cli.done(waiting.answer);
  cli.done(arrived(cli, waiting, `Resource "${last.name}"`, last.state, last.node));
}

const none: Pick<GroupView, "failed" | "movingTo"> = { failed: null, movingTo: null };

/** What is true now, and how long that took. */
function arrived(
  { terminal }: Cli,
  { answer, asked }: Pick<Waiting<never>, "answer" | "asked">,
  what: string,
  state: string,
  node: string | null,
): Done {
  const seconds = Math.round((terminal.elapsed() - asked) / 100) / 10;
  const where = state === "online" ? ` on ${orDash(node)}` : node === null ? "" : `; node ${node} owns it`;
  return { ...answer, done: `${what} is ${state}${where}, after ${seconds.toFixed(1)} s.` };
}

/** `failed` begins with the group's name in quotes. */
function leftFailed(failed: string, reasons: string): Error {
  return fail("RESOURCE_FAILED", {
    happened: `Group ${failed}${reasons === "" ? "" : ` ${reasons}`}`,
    next: "See `clubar status`, mend the cause, then bring it online again.",
  });
}

/** Why resources of a group are not online, as far as they say. */
async function reasonsIn(cli: Cli, { name }: GroupView): Promise<string> {
  const resources = await cli.client().get<ResourceView[]>("/resources", { group: name });
  const told = resources.filter(({ state, reason }) => state !== "online" && reason !== "");
  return told.map(sentenceOf).join(" ");
}

/** Many reasons begin with the resource's name. */
function sentenceOf({ name, state, reason }: ResourceView): string {
  const sentence = `${reason.replace(/\.$/, "")}.`;
  return reason.startsWith(`${name}: `) ? sentence : `${name} is ${state}: ${sentence}`;
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
