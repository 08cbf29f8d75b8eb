import { apiPath } from "../../api/client.ts";
import type { GroupDetail } from "../../api/routes/groups.ts";
import type { GroupView } from "../../api/views.ts";
import type { Cli, Done } from "../cli.ts";
import { fail } from "../../base/errors.ts";
import { usage } from "../exit.ts";
import { facts, table } from "../render/table.ts";
import { orDash, plain } from "../render/text.ts";
import { assignments, type Define, unsetOption, verb, waitOption, withUnset } from "../verbs.ts";
import { showGroup, type Wait } from "../wait.ts";

interface WaitOptions {
  readonly wait?: Wait;
}

/** `clubar group …`. */
export const defineGroup: Define = (noun, cli) => {
  verb(noun, "list", "List the groups")
    .option("--search <text>", "only those with this in their name or in that of one of their resources")
    .option("--attention", "only those that have failed, are not wholly online, or are held")
    .action(async ({ search, attention }: { readonly search?: string; readonly attention?: true }) => {
      const query = { search, attention: attention === true ? "true" : undefined };
      const groups = await cli.client().get<GroupView[]>("/groups", query);
      const rows = groups.map((group) => [group.name, group.state, orDash(group.owner), group.resources.join(", ")]);
      cli.show(groups, () => table(["Group", "State", "Owner", "Resources"], rows, "No groups."));
    });
  verb(noun, "show <group>", "Show a group with its properties").action(async (name: string) => {
    const group = await cli.client().get<GroupDetail>(apiPath("groups", name));
    cli.show(group, () => detail(group));
  });
  verb(noun, "create <name>", "Create an empty group")
    .option("--description <text>", "for people")
    .action(async (name: string, { description }: { readonly description?: string }) => {
      cli.done(
        await cli.client().post<Done>("/groups", { name, ...(description === undefined ? {} : { description }) }),
      );
    });
  verb(noun, "delete <group>", "Delete an empty group").action(async (group: string) => {
    cli.done(await cli.client().delete<Done>(apiPath("groups", group)));
  });
  verb(noun, "rename <group> <name>", "Rename a group").action(async (group: string, name: string) => {
    cli.done(await cli.client().patch<Done>(apiPath("groups", group), { name }));
  });
  defineLife(noun, cli);
  defineSettings(noun, cli);
};

function defineLife(noun: Parameters<Define>[0], cli: Cli): void {
  verb(noun, "online <group>", "Bring a group online")
    .addOption(waitOption("it is online"))
    .action(async (name: string, { wait }: WaitOptions) => {
      const asked = cli.terminal.elapsed();
      const answer = await cli.client().post<Done>(apiPath("groups", name, "online"));
      const isDone = (now: GroupView): boolean => now.state === "online" || now.resources.length === 0;
      await showGroup(cli, { name, wait, asked, answer, isDone, what: `Bringing group ${name} online` });
    });
  verb(noun, "offline <group>", "Take a group offline")
    .addOption(waitOption("it is offline"))
    .action(async (name: string, { wait }: WaitOptions) => {
      const asked = cli.terminal.elapsed();
      const answer = await cli.client().post<Done>(apiPath("groups", name, "offline"));
      const isDone = (now: GroupView): boolean => now.state === "offline";
      await showGroup(cli, { name, wait, asked, answer, isDone, what: `Taking group ${name} offline` });
    });
  verb(noun, "release [group]", "Let a group that a restore left offline come online")
    .option("--all", "every group that is held")
    .action(async (group: string | undefined, { all }: { readonly all?: boolean }) => {
      if ((group === undefined) !== (all === true)) throw usage("Name the group, or say --all.");
      cli.done(
        await cli.client().post<Done>(group === undefined ? "/groups/release" : apiPath("groups", group, "release")),
      );
    });
  verb(noun, "move <group> [node]", "Move a group to a node, or to the best other one")
    .addOption(waitOption("it has arrived"))
    .action(async (name: string, node: string | undefined, { wait }: WaitOptions) => {
      const asked = cli.terminal.elapsed();
      const before = await cli.client().get<GroupView>(apiPath("groups", name));
      const answer = await cli.client().post<Done>(apiPath("groups", name, "move"), node === undefined ? {} : { node });
      await showGroup(cli, { name, wait, asked, answer, isDone: arrival(before), what: `Moving group ${name}` });
    });
  verb(noun, "cancel <group>", "Call off a move that has not begun").action(async (group: string) => {
    cli.done(await cli.client().post<Done>(apiPath("groups", group, "cancel")));
  });
}

/** Whether a group has arrived; fails when it came back, because it could not come online elsewhere. */
function arrival(before: GroupView): (now: GroupView) => boolean {
  let left = false;
  return (now) => {
    left ||= now.owner !== before.owner;
    const rests = now.movingTo === null && (!now.wanted || now.state === "online" || now.state === before.state);
    if (rests && left && now.owner === before.owner) {
      throw fail("RESOURCE_FAILED", {
        happened: `Group "${now.name}" could not come online elsewhere and came back: it is ${now.state} on ${orDash(now.owner)}.`,
        unchanged: "Its resources are as they were.",
        next: "The log of the other node (DATA/log/service.log) says why; is what the group needs there, its checkpoints included?",
      });
    }
    return rests && now.owner !== null && now.owner !== before.owner;
  };
}

function defineSettings(noun: Parameters<Define>[0], cli: Cli): void {
  verb(noun, "set <group> [property=value...]", "Set common properties of a group")
    .addOption(unsetOption())
    .action(async (group: string, words: string[], options: { readonly unset?: string[] }) => {
      cli.done(
        await cli
          .client()
          .patch<Done>(apiPath("groups", group), { properties: withUnset(assignments(words), options.unset) }),
      );
    });
  verb(noun, "owners <group> [node...]", "Set the preferred owners, the most preferred first")
    .option("--none", "no node is preferred")
    .action(async (group: string, nodes: string[], { none }: { readonly none?: boolean }) => {
      if ((nodes.length === 0) !== (none === true)) throw usage("Name the nodes, or say --none.");
      cli.done(await cli.client().patch<Done>(apiPath("groups", group), { preferredOwners: nodes }));
    });
}

function detail(group: GroupDetail): string {
  return facts([
    ["Group", group.name],
    ["Id", group.id],
    ["State", group.state],
    ["Owner", orDash(group.owner)],
    ["Moves to", group.movingTo ?? undefined],
    ["Failed", group.failed ?? undefined],
    ["Held", group.held ?? undefined],
    ["Preferred owners", orDash(group.preferredOwners.join(", "))],
    ["Resources", orDash(group.resources.join(", "))],
    ...Object.entries(group.properties).map(([name, value]) => [name, plain(value)] as const),
  ]);
}
