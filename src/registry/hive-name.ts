/** Names of mounted hives, and how their files are called. */
import { fail } from "../base/errors.ts";

/** Ends of the files of one hive; see DESIGN.md. */
export const ending = { image: "", journal: ".journal", next: ".next~", unloaded: ".unloaded~" } as const;

const longest = 40;

/** INVALID_NAME unless it is one key name of at most 40 units. */
export function checkHiveName(name: string): void {
  if (name !== "" && name.length <= longest && !name.includes("\\")) return;
  throw fail("INVALID_NAME", {
    happened: `"${name.slice(0, 60)}" can't be the name of a hive: it takes 1 to ${longest} characters and no "\\".`,
    unchanged: "Nothing was changed.",
    next: "Choose another name.",
  });
}

/** Letters, digits, `_` and `-` as they are, any other UTF-16 unit as `%` and four hexadecimal digits: no dot, no slash, reversible. */
export function fileNameOf(hiveName: string): string {
  let text = "";
  for (let at = 0; at < hiveName.length; at++) {
    const unit = hiveName.charAt(at);
    text += /[A-Za-z0-9_-]/.test(unit) ? unit : `%${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  }
  return text;
}

/** undefined for a text that `fileNameOf` does not make. */
export function hiveNameOf(fileName: string): string | undefined {
  const name = fileName.replaceAll(/%([0-9a-f]{4})/g, (_, unit: string) =>
    String.fromCharCode(Number.parseInt(unit, 16)),
  );
  return name !== "" && fileNameOf(name) === fileName ? name : undefined;
}
