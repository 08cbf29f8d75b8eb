import { isDrive, readDrives, writeDrives } from "../../clusapi/drives.ts";
import { fail } from "../../base/errors.ts";
import { settledPlace } from "../../quorum/open.ts";
import { usage } from "../exit.ts";
import { table } from "../render/table.ts";
import { type Define, verb } from "../verbs.ts";

/** `clubar drive …`. */
export const defineDrive: Define = (noun, cli) => {
  verb(noun, "list", "List this node's drives").action(async () => {
    const drives = await readDrives(cli.outside().files, cli.settings.data);
    cli.show(drives, () => table(["Drive", "Quorum"], Object.entries(drives), "No drives."));
  });
  verb(noun, "set <drive> <place>", "Say which quorum, a folder or etcd:…, a drive of `restore` means").action(
    async (given: string, named: string) => {
      const drive = driveOf(given);
      const outside = cli.outside();
      const place = await settledPlace(outside, cli.quorumPlace(named), "restore");
      await writeDrives(outside.files, cli.settings.data, {
        ...(await readDrives(outside.files, cli.settings.data)),
        [drive]: place,
      });
      cli.done({ done: `${drive} is ${place}.` });
    },
  );
  verb(noun, "remove <drive>", "Remove a drive").action(async (given: string) => {
    const drive = driveOf(given);
    const { files } = cli.outside();
    const { [drive]: present, ...rest } = await readDrives(files, cli.settings.data);
    if (present === undefined)
      throw fail("FILE_NOT_FOUND", { happened: `There is no drive ${drive}.`, unchanged: "Nothing was changed." });
    await writeDrives(files, cli.settings.data, rest);
    cli.done({ done: `${drive} is removed.` });
  });
};

function driveOf(text: string): string {
  if (isDrive(text)) return text.toLowerCase();
  throw usage(`"${text}" is no drive: a letter and a colon, as k:`);
}
