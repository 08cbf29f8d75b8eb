import { freeBytes } from "../../base/outside-node-space.ts";
import { dataFolder } from "../../base/outside-node-folder.ts";
import { fail } from "../../base/errors.ts";
import type { StatusView } from "../../api/status-view.ts";
import type { Diagnosis } from "../../recovery/doctor.ts";
import type { Finding } from "../../recovery/doctor-finding.ts";
import type { Cli } from "../cli.ts";
import { onThisMachine } from "../remote.ts";
import { oneLine } from "../render/table.ts";
import { type Define, finish, notes } from "../verbs.ts";

/** How long the service may take to tell its status, in milliseconds. */
const limit = 5000;

/** `clubar doctor`. */
export const defineDoctor: Define = (noun, cli) => {
  finish(noun)
    .option("--backups <folder>", "look for backup sets there, too")
    .action(async ({ backups }: { readonly backups?: string }) => {
      onThisMachine("The doctor", cli.settings.host);
      const { examineNode } = await import("../../clusapi/doctor.ts");
      const { data } = cli.settings;
      const found = await cli.busy(
        "Looking",
        examineNode({
          outside: cli.outside(),
          data,
          command: commandOf(cli),
          ask: () => askStatus(cli),
          freeBytes,
          ...(backups === undefined ? {} : { backups: cli.path(backups) }),
        }),
      );
      cli.show(found, () => diagnosisText(found));
      cli.exit = found.exit;
    });
  notes(
    noun,
    `It changes nothing and needs no service. Exit code: 0 nothing is wrong; 4 it works, but something needs attention;
otherwise that of the worst problem: 1 something does not serve, 5 damaged, 6 no quorum or no leader, 8 no node here or
evicted, 10 hangs, 11 the service does not run, 12 not allowed to look, 75 a restore is unfinished.`,
  );
};

/** A default folder need not be named. */
function commandOf(cli: Cli): string {
  const { data } = cli.settings;
  return data === dataFolder(cli.terminal.environment["CLUBAR_DATA"]) ? "clubar" : `clubar --data ${data}`;
}

/** A service that hangs must not make the doctor hang. */
async function askStatus(cli: Cli): Promise<StatusView> {
  const stop = new AbortController();
  const late = cli.terminal.sleep(limit, stop.signal).then(() => undefined);
  const answer = await Promise.race([cli.client().get<StatusView>("/status", { attention: "true" }), late]);
  stop.abort();
  if (answer !== undefined) return answer;
  throw fail("TIMEOUT", { happened: `it did not tell its status within ${limit / 1000} s` });
}

const marks: Readonly<Record<Finding["level"], string>> = {
  problem: "PROBLEM",
  warning: "WARNING",
  note: "Note   ",
  ok: "ok     ",
  "not checked": "       ",
};

function diagnosisText({ verdict, restore, findings, next, newest, exit }: Diagnosis): string {
  const lines = findings.flatMap(({ level, sentence, why }) => [
    `${marks[level]}  ${oneLine(sentence)}`,
    ...(why === "" ? [] : [`         ${oneLine(why)}`]),
  ]);
  const commands = next.flatMap(({ command, why }, at) => [`  ${at + 1}. ${command}`, `     ${why}`]);
  const nothing = exit === 0 ? "Nothing has to be done." : "No command mends that by itself; see above.";
  return [
    verdict,
    "",
    ...lines,
    "",
    ...(newest === null ? [] : [`Newest copy of the database: ${newest.where}, at ${newest.tag}.`]),
    restore.sentence,
    ...(commands.length === 0 ? [nothing] : ["What to do, the best first:", ...commands]),
    "",
  ].join("\n");
}
