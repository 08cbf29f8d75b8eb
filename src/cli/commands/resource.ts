import { Option } from "commander";
import { apiPath } from "../../api/client.ts";
import type { ResourceDetail } from "../../api/routes/resources.ts";
import type { ResourceTypeView, ResourceView } from "../../api/views.ts";
import type { Cli, Done } from "../cli.ts";
import { usage } from "../exit.ts";
import { facts, table } from "../render/table.ts";
import { orDash, plain } from "../render/text.ts";
import { assignments, type Define, notes, unsetOption, verb, waitOption, withUnset } from "../verbs.ts";
import { showResource, type Wait } from "../wait.ts";

/** `clubar resource …`. */
export const defineResource: Define = (noun, cli) => {
  defineReading(noun, cli);
  defineLife(noun, cli);
  const set =
    (what: "properties" | "parameters") =>
    async (resource: string, words: string[], options: { readonly unset?: string[]; readonly force?: true }) => {
      const asked = { [what]: withUnset(assignments(words), options.unset), force: options.force };
      cli.done(await cli.client().patch<Done>(apiPath("resources", resource), asked));
    };
  verb(noun, "set <resource> [property=value...]", "Set common properties")
    .addOption(unsetOption())
    .action(set("properties"));
  verb(noun, "param <resource> [name=value...]", "Set parameters of the application (private properties)")
    .addOption(unsetOption())
    .addOption(forceOption())
    .action(set("parameters"));
  for (const word of ["depend", "undepend"] as const) {
    const summary =
      word === "depend" ? "Let A depend on B: B comes online before, goes offline after" : "A no longer depends on B";
    verb(noun, `${word} <A> <on> <B>`, summary).action(async (resource: string, on: string, dependsOn: string) => {
      if (on.toLowerCase() !== "on")
        throw usage(`"${on}" stands where "on" is expected.`, `Write: clubar resource ${word} A on B`);
      cli.done(await cli.client().post<Done>(apiPath("resources", resource, word), { dependsOn }));
    });
  }
  const owner = noun.command("owner").description("Possible owners: the nodes that can run it");
  for (const word of ["add", "remove"] as const) {
    const summary = word === "add" ? "Add a possible owner" : "Remove a possible owner";
    verb(owner, `${word} <resource> <node>`, summary).action(async (resource: string, node: string) => {
      cli.done(await cli.client().post<Done>(apiPath("resources", resource, `${word}-owner`), { node }));
    });
  }
};

function defineReading(noun: Parameters<Define>[0], cli: Cli): void {
  verb(noun, "list", "List the resources")
    .option("--group <group>", "only those of a group")
    .option("--type <type>", "only those of a type")
    .option("--search <text>", "only those with this in their name")
    .action(async (options: { readonly group?: string; readonly type?: string; readonly search?: string }) => {
      const { group, type, search } = options;
      const resources = await cli.client().get<ResourceView[]>("/resources", { group, type, search });
      const rows = resources.map((one) => [
        one.name,
        one.type,
        orDash(one.group),
        one.state,
        orDash(one.node),
        one.reason,
      ]);
      cli.show(resources, () => table(["Resource", "Type", "Group", "State", "Node", "Reason"], rows, "No resources."));
    });
  verb(noun, "types", "List the resource types").action(async () => {
    const types = await cli.client().get<ResourceTypeView[]>("/resource-types");
    const rows = types.map((type) => [
      type.name,
      type.diesWithHost ? "yes" : "no",
      type.module === null ? type.description : `${type.description} ${type.module}`.trim(),
    ]);
    cli.show(types, () => table(["Type", "Dies with its node", ""], rows, "No resource types."));
  });
  const add = verb(noun, "add-type <name>", "Make a module a resource type")
    .requiredOption("--module <path>", "the module, at the same absolute path on every node")
    .option("--dies-with-node", "nothing that it does is left when its processes are gone")
    .option("--description <text>", "for people")
    .option("--force", "though nodes that are up lack the module")
    .action(async (name: string, options: AddTypeOptions) => {
      const { module, diesWithNode: diesWithHost = false, description, force } = options;
      const asked = { name, module, diesWithHost, description, force };
      cli.done(await cli.client().post<Done>("/resource-types", asked));
    });
  notes(add, "Its code runs as the node's services do. docs/manual/resource-types.md says how one is written.");
  defineCheck(noun, cli);
  verb(noun, "remove-type <name>", "Remove a resource type that was added and that no resource is of").action(
    async (name: string) => cli.done(await cli.client().delete<Done>(apiPath("resource-types", name))),
  );
  verb(noun, "show <resource>", "Show a resource with properties and parameters").action(async (name: string) => {
    const resource = await cli.client().get<ResourceDetail>(apiPath("resources", name));
    cli.show(resource, () => detail(resource));
  });
}

function defineCheck(noun: Parameters<Define>[0], cli: Cli): void {
  const check = verb(
    noun,
    "check-type <module> [parameter=value...]",
    "Hold a module to the tests of all resource types; needs no service",
  )
    .requiredOption("--there <command>", "ends with 0 exactly while the resource serves")
    .option("--break <command>", "takes away what it serves with, so that it is not alive any more")
    .action(async (module: string, words: string[], options: { readonly there: string; readonly break?: string }) => {
      const { there, break: breakWith } = options;
      const parameters = Object.fromEntries(
        Object.entries(assignments(words)).map(([name, value]) => [name, String(value)]),
      );
      const more = breakWith === undefined ? {} : { breakWith };
      const { checkType } = await import("../check-type.ts");
      await checkType(cli, { module: cli.path(module), parameters, there, ...more });
    });
  notes(
    check,
    `A resource with these parameters is brought online and taken offline on this machine, killed, broken and left by its host, and must be
gone each time. Commands are for sh.
Example:
  clubar resource check-type ./type.mjs Program='/usr/bin/python3;-m;http.server;8000' Port=8000 --there 'curl -s localhost:8000'`,
  );
}

function forceOption(): Option {
  return new Option("--force", "store parameters that are wrong, or that no node can check");
}

interface AddTypeOptions {
  readonly module: string;
  readonly diesWithNode?: boolean;
  readonly description?: string;
  readonly force?: true;
}

interface CreateOptions {
  readonly group: string;
  readonly type: string;
  readonly force?: true;
}

function defineLife(noun: Parameters<Define>[0], cli: Cli): void {
  const create = verb(
    noun,
    "create <name> [parameter=value...]",
    "Create a resource; it stays offline until you bring it online",
  )
    .requiredOption("--group <group>", "its group")
    .requiredOption("--type <type>", "its resource type")
    .addOption(forceOption())
    .action(async (name: string, words: string[], { group, type, force }: CreateOptions) => {
      const parameters = assignments(words);
      cli.done(await cli.client().post<Done>("/resources", { name, group, type, parameters, force }));
    });
  notes(
    create,
    'Example:\n  clubar resource create web --group Web --type "Generic Application" CommandLine="/usr/sbin/nginx -g \'daemon off;\'"',
  );
  verb(noun, "delete <resource>", "Delete a resource that is offline, with its checkpoints").action(
    async (resource: string) => {
      const { hasCheckpoints, name } = await cli.client().get<ResourceView>(apiPath("resources", resource));
      if (hasCheckpoints)
        await cli.confirm(`The stored checkpoints of resource "${name}" are deleted with it.`, "Delete it?");
      cli.done(await cli.client().delete<Done>(apiPath("resources", resource)));
    },
  );
  verb(noun, "rename <resource> <name>", "Rename a resource").action(async (resource: string, name: string) => {
    cli.done(await cli.client().patch<Done>(apiPath("resources", resource), { name }));
  });
  for (const word of ["online", "offline"] as const) {
    const summary =
      word === "online"
        ? "Bring a resource online, with what it depends on"
        : "Take a resource offline, with what depends on it";
    verb(noun, `${word} <resource>`, summary)
      .addOption(waitOption(`it is ${word}`))
      .action(async (name: string, { wait }: { readonly wait?: Wait }) => {
        const asked = cli.terminal.elapsed();
        const answer = await cli.client().post<Done>(apiPath("resources", name, word));
        const isDone = (now: ResourceView): boolean => now.state === word;
        await showResource(cli, {
          name,
          wait,
          asked,
          answer,
          isDone,
          what: `${word === "online" ? "Bringing" : "Taking"} resource ${name} ${word}`,
        });
      });
  }
  verb(noun, "fail <resource>", "Treat it as failed once, to see what the policy does").action(
    async (resource: string) => {
      cli.done(await cli.client().post<Done>(apiPath("resources", resource, "fail")));
    },
  );
}

function detail(resource: ResourceDetail): string {
  const common = facts([
    ["Resource", resource.name],
    ["Id", resource.id],
    ["Type", resource.type],
    ["Group", orDash(resource.group)],
    ["State", resource.reason === "" ? resource.state : `${resource.state}: ${resource.reason}`],
    ["Node", orDash(resource.node)],
    ["Restarts", resource.restarts],
    ["Depends on", orDash(resource.dependsOn.join(", "))],
    ["Possible owners", resource.possibleOwners === null ? "all nodes" : resource.possibleOwners.join(", ")],
    ...Object.entries(resource.properties).map(([name, value]) => [name, plain(value)] as const),
  ]);
  const parameters = Object.entries(resource.parameters).map(([name, value]) => [name, plain(value)] as const);
  return parameters.length === 0 ? common : `${common}\nParameters\n${facts(parameters)}`;
}
