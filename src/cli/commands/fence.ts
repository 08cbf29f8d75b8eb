import { Option } from "commander";
import { apiPath } from "../../api/client.ts";
import type { FenceDeviceView, FenceTestView, FencingView } from "../../api/routes/fencing.ts";
import type { RestorePlanView } from "../../api/node-service.ts";
import { fail } from "../../base/errors.ts";
import type { Cli, Done } from "../cli.ts";
import { usage } from "../exit.ts";
import { facts, oneLine, table } from "../render/table.ts";
import { orDash } from "../render/text.ts";
import { type Define, notes, verb, wholeNumber } from "../verbs.ts";
import { waitUntil } from "../wait.ts";

interface AddOptions {
  readonly secrets?: string;
  readonly method?: "off" | "reboot";
  readonly timeout?: number;
}

/** `clubar fence …`. */
export const defineFence: Define = (noun, cli) => {
  const add = verb(noun, "add <node> <device> [parameter=value...]", "Say how a node's machine is made sure of")
    .option("--secrets <file>", "secret parameters: lines of name=value, readable by you alone")
    .addOption(new Option("--method <how>", "what an agent is asked for").choices(["off", "reboot"]))
    .option(
      "--timeout <seconds>",
      "for one call of an agent (60); of a watchdog that the kernel does not describe",
      wholeNumber(1, 3600),
    )
    .action((node: string, device: string, words: string[], options: AddOptions) =>
      addDevice(cli, node, device, words, options),
    );
  notes(
    add,
    `DEVICE is an agent of Debian's fence-agents (fence_ipmilan …; parameters: AGENT -o metadata) or "watchdog", the node's own.
A node may have one of each; the agent is tried first. Passwords are in no argument, log or database.
Examples:
  clubar fence add n2 fence_ipmilan ip=10.0.0.12 username=admin lanplus=1 --secrets n2.secrets
  clubar fence add n2 watchdog device=/dev/watchdog0`,
  );
  verb(noun, "list", "List the nodes and their devices").action(async () => {
    const all = await cli.client().get<FencingView[]>("/fencing");
    const rows = all.map((one) => [
      one.node,
      orDash(one.devices.map(({ title }) => title).join(", ")),
      decisionOf(one),
    ]);
    cli.show(all, () => table(["Node", "Devices", "Last decision"], rows, "No nodes."));
  });
  verb(noun, "show <node>", "Show a node's devices and what was decided").action(async (node: string) => {
    const one = await cli.client().get<FencingView>(apiPath("fencing", node));
    cli.show(one, () => detail(one));
  });
  verb(noun, "remove <node> [kind]", "Take a node's devices away: agent, watchdog, or both").action(
    async (node: string, kind: string | undefined) => {
      if (kind !== undefined && kind !== "agent" && kind !== "watchdog")
        throw usage(`"${kind}" is neither agent nor watchdog.`);
      await cli.confirm(
        `Only a person can make sure of node ${node} then (clubar node confirm-down).`,
        "Take it away?",
      );
      cli.done(
        await cli.client().delete<Done>(`${apiPath("fencing", node)}${kind === undefined ? "" : `?kind=${kind}`}`),
      );
    },
  );
  const test = verb(noun, "test <node>", "Let every node try a node's devices; nothing is switched off").action(
    (node: string) => testDevices(cli, node),
  );
  notes(test, "Whether the machine is off when it was asked to be can't be tried: that is said as NOT CHECKED HERE.");
};

async function addDevice(
  cli: Cli,
  node: string,
  device: string,
  words: readonly string[],
  options: AddOptions,
): Promise<void> {
  const parameters = pairs(words);
  const seconds = options.timeout === undefined ? {} : { seconds: options.timeout };
  if (device === "watchdog") {
    const { device: path = "/dev/watchdog", ...others } = parameters;
    if (Object.keys(others).length > 0 || options.secrets !== undefined || options.method !== undefined)
      throw usage("A watchdog has no parameter but device=PATH.");
    cli.done(await cli.client().post<Done>(apiPath("fencing", node), { kind: "watchdog", device: path, ...seconds }));
    return;
  }
  const secrets = options.secrets === undefined ? {} : await readSecrets(cli, options.secrets);
  const { method } = options;
  const asked = {
    kind: "agent",
    agent: device,
    parameters,
    secrets,
    ...(method === undefined ? {} : { method }),
    ...seconds,
  };
  cli.done(await cli.busy("Asking the agent", cli.client().post<Done>(apiPath("fencing", node), asked)));
}

function pairs(words: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const word of words) {
    const at = word.indexOf("=");
    if (at <= 0) throw usage(`"${word}" is not of the form parameter=value.`);
    found[word.slice(0, at)] = word.slice(at + 1);
  }
  return found;
}

/** A file that others can read is refused: what is in it is no secret. */
async function readSecrets(cli: Cli, given: string): Promise<Record<string, string>> {
  const path = cli.path(given);
  const { files } = cli.outside();
  const found = await files.stat(path);
  if (found === undefined)
    throw fail("FILE_NOT_FOUND", { happened: `${path} does not exist.`, unchanged: "Nothing was changed." });
  if ((found.mode & 0o077) !== 0) {
    throw fail("INVALID_PARAMETER", {
      happened: `Others can read ${path}.`,
      unchanged: "Nothing was changed.",
      next: `chmod 600 ${path}, and change the password when somebody may have read it.`,
    });
  }
  const lines = new TextDecoder().decode(await files.read(path)).split(/\r?\n/);
  return pairs(lines.filter((line) => line.trim() !== "" && !line.startsWith("#")));
}

async function testDevices(cli: Cli, node: string): Promise<void> {
  const view = await cli.busy(
    "Asking the devices",
    cli.client().post<FenceTestView>(apiPath("fencing", node, "test"), {}),
  );
  const rows = view.looks.map(({ from, device, seen, trouble }) => [
    from,
    orDash(device),
    trouble === "" ? seen.join(" ") : `FAILED: ${trouble}`,
  ]);
  cli.show(
    view,
    () => `${table(["Seen from", "Device", "What it says"], rows, "Nobody could look.")}${view.notChecked}\n`,
  );
  if (view.looks.length === 0 || view.looks.some(({ trouble }) => trouble !== "")) cli.exit = 1;
}

/** `clubar node fence NODE`: the plan, the question, the wait for what comes of it. */
export async function fenceNode(cli: Cli, node: string, isOnlyPlan: boolean): Promise<void> {
  const client = cli.client();
  const plan = await client.post<RestorePlanView>(apiPath("nodes", node, "fence", "plan"), {});
  const text = [...plan.lines, ...plan.blockers.map(({ sentence }) => `Blocked: ${sentence}`)].map(oneLine).join("\n");
  if (isOnlyPlan) cli.show(plan, () => `${text}\n`);
  else if (!cli.settings.json) cli.terminal.err(`${text}\n`);
  const [blocker] = plan.blockers;
  if (blocker !== undefined)
    throw fail(blocker.name, { happened: blocker.sentence, unchanged: "Nothing was changed.", next: blocker.next });
  if (isOnlyPlan) return;
  await cli.confirm(`The machine of node ${node} is switched off, whatever runs on it.`, "Fence it?");
  await client.post<Done>(apiPath("nodes", node, "fence"), {});
  let view: FencingView | undefined;
  const ended = async (): Promise<string | undefined> => {
    view = await client.get<FencingView>(apiPath("fencing", node));
    return view.decision?.isUnderWay === true ? view.decision.state : undefined;
  };
  await waitUntil(cli, 3600, `The fencing of node ${node}`, ended);
  const decision = view?.decision;
  if (decision?.state === "off") {
    cli.show(view, () => `Node ${node} was fenced. ${decision.because}\n`);
    return;
  }
  throw fail("IO_DEVICE", {
    happened: `Node ${node} was not fenced: ${decision?.because ?? "nothing is known of it any more."}`,
    unchanged: "Its groups wait.",
    next: `Look at the device (clubar fence test ${node}) or, when the machine is certainly off: clubar node confirm-down ${node}.`,
  });
}

function decisionOf({ decision }: FencingView): string {
  return decision === null ? orDash("") : `${decision.state}: ${decision.because}`;
}

function detail(view: FencingView): string {
  const { decision, watchdogArmed } = view;
  return facts([
    ["Node", view.node],
    ...view.devices.flatMap(deviceFacts),
    ["Watchdog armed", watchdogArmed === null ? undefined : `${watchdogArmed / 1000} s`],
    ["Decision", decision === null ? undefined : `${decision.state}, by ${decision.who}, ${decision.time}`],
    ["Because", decision?.because],
  ]);
}

function deviceFacts({
  title,
  kind,
  method,
  timeout,
  parameters,
  secrets,
}: FenceDeviceView): [string, string | undefined][] {
  return [
    ["Device", title],
    ["Method", method ?? undefined],
    ["Timeout", kind === "watchdog" && timeout === 0 ? "as the kernel says" : `${timeout / 1000} s`],
    ...Object.entries(parameters).map(([name, value]): [string, string] => [`  ${name}`, value]),
    ...secrets.map((name): [string, string] => [`  ${name}`, "(secret, on the nodes)"]),
  ];
}
