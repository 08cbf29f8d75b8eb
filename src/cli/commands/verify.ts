import { fail } from "../../base/errors.ts";
import { table } from "../render/table.ts";
import { type Define, finish, notes } from "../verbs.ts";

/** `clubar verify PATH`. */
export const defineVerify: Define = (noun, cli) => {
  const command = finish(noun).option("--strict", "end with 4 when any part is NOT CHECKED");
  command.action(async (given: string, { strict }: { readonly strict?: boolean }) => {
    const { verifyBackup } = await import("../../backup/backup.ts");
    const { isVssSet, verifyVssSet } = await import("../../vss/cluster/read-set.ts");
    const path = cli.path(given);
    const outside = cli.outside();
    const verify = (await isVssSet(outside.files, path)) ? verifyVssSet : verifyBackup;
    const report = await cli.busy(`Verifying ${path}`, verify(outside, path));
    const rows = report.lines.map((line) => [line.result, line.what, line.detail]);
    const sum = report.ok ? "Nothing is damaged" : "The set is DAMAGED";
    const open = report.notChecked === 0 ? "everything was checked" : `${report.notChecked} NOT CHECKED`;
    cli.show(report, () => `${table(["Result", "Part", ""], rows, "The set has no parts.")}\n${sum}; ${open}.\n`);
    if (report.ok) {
      if (report.lacksManifest === true || (strict === true && report.notChecked > 0)) cli.exit = 4;
      return;
    }
    throw fail("DATABASE_BACKUP_CORRUPT", {
      happened: `${report.damaged} of ${report.lines.length} parts of ${path} are damaged.`,
      unchanged: "Nothing was changed.",
      next: "Use another copy of the set, or another set: clubar backup list FOLDER.",
    });
  });
  notes(
    noun,
    `Exit code: 0 nothing is damaged; 4 the set has no manifest, so nobody knows the digests of its files (with --strict: anything is
NOT CHECKED, as the quorum disk's layout often is); 5 something is damaged.`,
  );
};
