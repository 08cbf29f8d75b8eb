import { text as readAll } from "node:stream/consumers";
import type { SetUp } from "../../daemon/set-up.ts";
import type { ClusterIdentity } from "../../quorum/quorum.ts";
import type { ClusterView } from "../../api/routes/cluster.ts";
import type { Cli, Done } from "../cli.ts";
import { usage } from "../exit.ts";
import { readArtefact } from "../read-artefact.ts";
import { defineForceQuorum } from "./force-quorum.ts";
import { defineSetQuorum } from "./set-quorum.ts";
import { facts } from "../render/table.ts";
import { plain } from "../render/text.ts";
import { assignments, type Define, notes, unsetOption, verb, wholeNumber, withUnset } from "../verbs.ts";

interface SetUpOptions {
  readonly node: string;
  readonly quorum?: string;
  readonly listen?: readonly string[];
  readonly tokenFile?: string;
  readonly insist?: boolean;
  readonly timingFactor?: number;
}

/** `clubar cluster …`. */
export const defineCluster: Define = (noun, cli) => {
  const setUpVerb = (words: string, summary: string): ReturnType<typeof verb> =>
    verb(noun, words, summary)
      .requiredOption("--node <name>", "name of this node")
      .option("--quorum <place>", "the quorum folder, shared by all nodes, or etcd:https://a:2379,b:2379,…")
      .option("--listen <host:port...>", "where other machines reach this node; its host takes the port behind it")
      .option("--insist", "accept a file system whose locks can't be trusted")
      .option("--timing-factor <n>", "stretch all times; the same on every node", wholeNumber(1, 1000));
  const create = setUpVerb("create <name>", "Make the data folder the first node of a new cluster").action(
    async (name: string, options: SetUpOptions) => {
      const { createNode } = await import("../../daemon/set-up.ts");
      const identity = await createNode({ ...setUp(cli, options), cluster: name });
      showIdentity(
        cli,
        identity,
        `Cluster "${identity.name}" is created; ${cli.settings.data} is its first node, ${options.node}.`,
      );
    },
  );
  notes(create, "Example:\n  clubar cluster create PAYROLL --node N1 --quorum /srv/quorum\n  clubar service");
  const join = setUpVerb("join", "Make the data folder a node of a running cluster")
    .option(
      "--token-file <file>",
      "a token of `clubar node token`, or - for standard input; or CLUBAR_JOIN_TOKEN holds it",
    )
    .action(async (options: SetUpOptions) => {
      const identity = await cli.busy("Joining", joined(cli, options));
      showIdentity(cli, identity, `${cli.settings.data} is node ${options.node} of cluster "${identity.name}".`);
    });
  notes(
    join,
    `On the leader's machine, and while the leader answers there on a socket, the quorum folder is enough. From anywhere else it
takes a token: the cluster then says where its quorum is.`,
  );
  defineNewAuthority(noun, cli);
  verb(noun, "show", "Show the cluster with its properties").action(async () => {
    const cluster = await cli.client().get<ClusterView>("/cluster");
    cli.show(cluster, () => text(cluster));
  });
  verb(noun, "rename <name>", "Rename the cluster").action(async (name: string) => {
    cli.done(await cli.client().patch<Done>("/cluster", { name }));
  });
  verb(noun, "set [property=value...]", "Set common properties of the cluster")
    .addOption(unsetOption())
    .action(async (words: string[], options: { readonly unset?: string[] }) => {
      const properties = withUnset(assignments(words), options.unset);
      cli.done(await cli.client().patch<Done>("/cluster", { properties }));
    });
  defineSetQuorum(noun, cli);
  defineForceQuorum(noun, cli);
};

const defineNewAuthority: Define = (noun, cli) => {
  const command = verb(noun, "new-authority", "Begin anew with other certificates, on the one node that is left")
    .option("--listen <host:port...>", "where other machines reach this node from now on")
    .action(async ({ listen }: { readonly listen?: readonly string[] }) => {
      await cli.confirm(
        "All other nodes must be evicted and join again with tokens, and all people need new certificates.",
        "Make a new authority?",
      );
      const { newAuthority } = await import("../../daemon/new-authority.ts");
      const made = await newAuthority(cli.outside(), cli.settings.data, listen);
      const done = `Node ${made.node} has a new authority, ${made.authority}.`;
      cli.show({ ...made, done }, () => `${done}\n`);
    });
  notes(
    command,
    `For a node that came back on an empty machine from a set of \`clubar backup\`, which holds no private keys, and when the
old authority's key is in wrong hands. The node's service must not run; the others must not either, until they are evicted.
What is replaced is kept in trust.json.before: remove it when it is not needed any more.`,
  );
};

async function joined(cli: Cli, options: SetUpOptions): Promise<ClusterIdentity> {
  const { joinByToken, joinNode } = await import("../../daemon/set-up.ts");
  const { tokenFile } = options;
  const token =
    tokenFile === undefined
      ? cli.terminal.environment["CLUBAR_JOIN_TOKEN"]
      : tokenFile === "-"
        ? await readAll(process.stdin)
        : new TextDecoder().decode(await readArtefact(cli.path(tokenFile)));
  if (token === undefined) return joinNode(setUp(cli, options));
  const { quorum: _, ...others } = setUp(cli, { ...options, quorum: options.quorum ?? "/" });
  return joinByToken({
    ...others,
    token,
    ...(options.quorum === undefined ? {} : { quorum: cli.quorumPlace(options.quorum) }),
  });
}

function setUp(cli: Cli, options: SetUpOptions): SetUp {
  if (options.quorum === undefined) throw usage("Required option '--quorum <place>' not specified.");
  return {
    outside: cli.outside(),
    data: cli.settings.data,
    node: options.node,
    quorum: cli.quorumPlace(options.quorum),
    ...(options.listen === undefined ? {} : { listen: options.listen }),
    ...(options.insist === true ? { insist: true } : {}),
    ...(options.timingFactor === undefined ? {} : { timingFactor: options.timingFactor }),
  };
}

function showIdentity(cli: Cli, identity: ClusterIdentity, sentence: string): void {
  cli.show(
    { ...identity, data: cli.settings.data, done: sentence },
    () => `${sentence}\nStart it with \`clubar --data ${cli.settings.data} service\`.\n`,
  );
}

function text(cluster: ClusterView): string {
  const properties = Object.entries(cluster.properties).map(([name, value]) => [name, plain(value)] as const);
  return facts([
    ["Cluster", cluster.name],
    ["Instance", cluster.instance],
    ["Generation", `${cluster.generation} (lineage ${cluster.lineage})`],
    ["Tag", cluster.tag],
    ["Quorum", `${cluster.quorum.kind} ${cluster.quorum.place}`],
    ...properties,
  ]);
}
