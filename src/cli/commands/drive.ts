import { isDrive, readDrives, writeDrives } from "../../clusapi/drives.ts";
import { fail } from "../../base/errors.ts";
import { usage } from "../exit.ts";
import { table } from "../render/table.ts";
import { type Define, verb } from "../verbs.ts";

/** `clubar drive …`. */
export const defineDrive: Define = (noun, cli) => {
  verb(noun, "list", "List this node's drives").action(async () => {
    const drives = await readDrives(cli.outside().files, cli.settings.data);
    cli.show(drives, () => table(["Drive", "Quorum folder"], Object.entries(drives), "No drives."));
  });
  verb(noun, "set <drive> <folder>", "Say which quorum folder a drive of `restore` means").action(
    async (given: string, folder: string) => {
      const drive = driveOf(given);
      const { files } = cli.outside();
      await writeDrives(files, cli.settings.data, {
        ...(await readDrives(files, cli.settings.data)),
        [drive]: cli.path(folder),
      });
      cli.done({ done: `${drive} is ${cli.path(folder)}.` });
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
