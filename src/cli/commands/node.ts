import type { StatusView } from "../../api/status-view.ts";
import { apiPath } from "../../api/client.ts";
import type { NodeDetail, TokenView } from "../../api/routes/nodes.ts";
import type { NodeView } from "../../api/views.ts";
import { type Command, Option } from "commander";
import type { Cli, Done } from "../cli.ts";
import { facts, table } from "../render/table.ts";
import { orDash, plain } from "../render/text.ts";
import { usage } from "../exit.ts";
import { fenceNode } from "./fence.ts";
import { assignments, type Define, notes, unsetOption, verb, wholeNumber, withUnset } from "../verbs.ts";

/** `clubar node …`. */
export const defineNode: Define = (noun, cli) => {
  const ask = (node: string, action: string, body: object = {}): Promise<Done> =>
    cli.client().post<Done>(apiPath("nodes", node, action), body);
  verb(noun, "list", "List the nodes").action(async () => {
    const nodes = await cli.client().get<NodeView[]>("/nodes");
    const rows = nodes.map((node) => [node.id, node.name, node.state, node.groups.join(", ")]);
    cli.show(nodes, () => table(["Id", "Node", "State", "Groups"], rows, "No nodes."));
  });
  verb(noun, "show <node>", "Show a node with its properties").action(async (name: string) => {
    const node = await cli.client().get<NodeDetail>(apiPath("nodes", name));
    cli.show(node, () => detail(node));
  });
  verb(noun, "set <node> [property=value...]", "Set common properties of a node")
    .addOption(unsetOption())
    .action(async (node: string, words: string[], options: { readonly unset?: string[] }) => {
      cli.done(
        await cli
          .client()
          .patch<Done>(apiPath("nodes", node), { properties: withUnset(assignments(words), options.unset) }),
      );
    });
  defineToken(noun, cli);
  definePause(noun, cli, ask);
  verb(noun, "evict <node>", "Take a stopped node out of the cluster").action(async (node: string) => {
    await cli.confirm(`Node ${node} is taken out of the cluster and of every list of owners.`, "Evict it?");
    cli.done(await ask(node, "evict"));
  });
  const confirmDown = verb(noun, "confirm-down <node>", "Say that a node's machine is certainly off")
    .option("--name <node>", "the node's name once more, in place of the question")
    .action(async (node: string, options: { readonly name?: string }) => {
      const name = options.name ?? (await askForName(node));
      cli.done(await ask(node, "confirm-down", { name }));
    });
  notes(
    confirmDown,
    "The cluster then starts that node's groups elsewhere. If the machine is not off, they run twice and data is damaged.",
  );
  const fence = verb(noun, "fence <node>", "Switch off the machine of a node that does not answer")
    .option("--plan", "only show what would happen")
    .action((node: string, options: { readonly plan?: boolean }) => fenceNode(cli, node, options.plan === true));
  notes(
    fence,
    "The leader does it by itself when a silent node has resources that don't die with its host. Devices: clubar fence.",
  );
  verb(noun, "stop [node]", "Stop a node's service, in order; this node's without a name")
    .option("--no-drain", "end its groups here instead of moving them")
    .action(async (node: string | undefined, { drain }: { readonly drain: boolean }) => {
      const name = node ?? (await cli.client().get<StatusView["self"]>("/status/self")).name;
      cli.done(await ask(name, "stop", { drain }));
    });

  async function askForName(node: string): Promise<string> {
    if (!cli.terminal.canAsk) {
      throw usage("The node's name must be given once more.", `Run it in a terminal, or say --name ${node}.`);
    }
    cli.terminal.err(`If the machine of node ${node} is not off, applications run twice and data is damaged.\n`);
    return (await cli.terminal.ask("Type the node's name to confirm that it is off: ")).trim();
  }
};

function definePause(
  noun: Command,
  cli: Cli,
  ask: (node: string, action: string, body?: object) => Promise<Done>,
): void {
  verb(noun, "pause <node>", "Place no more groups on a node")
    .option("--drain", "move its groups away, too")
    .option("--target <node>", "where a drain moves them")
    .action(async (node: string, options: { readonly drain?: boolean; readonly target?: string }) => {
      if (options.target !== undefined && options.drain !== true) throw usage("--target goes with --drain.");
      const { drain, target } = options;
      cli.done(
        await ask(node, "pause", {
          ...(drain === undefined ? {} : { drain }),
          ...(target === undefined ? {} : { target }),
        }),
      );
    });
  verb(noun, "resume <node>", "Place groups on a paused node again")
    .addOption(
      new Option("--failback <how>", "whether groups come back").choices(["no", "now", "policy"]).default("policy"),
    )
    .action(async (node: string, { failback }: { readonly failback: string }) =>
      cli.done(await ask(node, "resume", { failback })),
    );
}

const defineToken: Define = (noun, cli) => {
  const token = verb(noun, "token", "Give a token with which one other machine becomes a node")
    .option("--minutes <n>", "how long it is good (10)", wholeNumber(1, 1440))
    .action(async ({ minutes }: { readonly minutes?: number }) => {
      const given = await cli.client().post<TokenView>("/nodes/token", minutes === undefined ? {} : { minutes });
      // Alone on standard output, so that it can go into a file or a pipe.
      if (!cli.settings.json) cli.terminal.err(`Good for one node, until ${given.expires}:\n`);
      cli.show(given, () => `${given.token}\n`);
    });
  notes(
    token,
    `It is shown this once. Whoever has it can become a node until then, and a node may do everything.
Example:
  clubar node token >token && scp token n2: && ssh n2 clubar cluster join --node N2 --listen n2:7400 --token-file token`,
  );
};

function detail(node: NodeDetail): string {
  return facts([
    ["Node", node.name],
    ["Id", node.id],
    ["State", node.state],
    ["Drain", node.drain],
    ["Down because", node.downBecause ?? undefined],
    ["Incarnation", node.incarnation ?? undefined],
    ["Groups", orDash(node.groups.join(", "))],
    ...Object.entries(node.properties).map(([name, value]) => [name, plain(value)] as const),
  ]);
}
