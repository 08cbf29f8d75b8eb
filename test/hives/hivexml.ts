/** libguestfs's hivexml as a second reader of what we write. */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A reason to skip, or false when hivexml runs. */
export const hivexmlAbsent: string | false =
  spawnSync("hivexml", ["/dev/null"]).error === undefined ? false : "hivexml is not installed (Debian: libhivex-bin)";

/** A line a key, `depth name`, and a line a value, `name type text-or-base64`, in its order. Throws when it refuses the hive. */
export function hivexmlListing(hive: Uint8Array): string[] {
  const folder = mkdtempSync(join(tmpdir(), "clubar-hivexml-"));
  try {
    const path = join(folder, "hive");
    writeFileSync(path, hive);
    // It opens /dev/stdout anew, which works for a file but not for the socket that Node makes of a pipe.
    const out = openSync(join(folder, "xml"), "w");
    const { status, stderr } = spawnSync("hivexml", [path], { encoding: "utf8", stdio: ["ignore", out, "pipe"] });
    closeSync(out);
    if (status !== 0) throw new Error(`hivexml refused the hive: ${stderr}`);
    return parse(readFileSync(join(folder, "xml"), "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const tag = /<(\/?)(node|value|string)\b((?:[^>"]|"[^"]*")*?)(\/?)>|([^<]+)/g;

function parse(xml: string): string[] {
  const lines: string[] = [];
  let depth = 0;
  let strings = false;
  for (const [, close, element, attributes = "", empty, text] of xml.matchAll(tag)) {
    if (element === "node") {
      if (close === "/") depth--;
      else lines.push(`${depth}\t${JSON.stringify(attribute(attributes, "name"))}`);
      if (close !== "/" && empty !== "/") depth++;
    } else if (element === "value" && close !== "/") {
      const wrapped = attribute(attributes, "value");
      const value = attribute(attributes, "encoding") === "base64" ? wrapped.replace(/\s/g, "") : wrapped;
      const fields = [attribute(attributes, "key"), attribute(attributes, "type"), value];
      lines.push(fields.map((field) => JSON.stringify(field)).join("\t"));
    } else if (element === "string") {
      strings = close !== "/" && empty !== "/";
    } else if (strings && text !== undefined) {
      lines.push(JSON.stringify(unescape(text)));
    }
  }
  return lines;
}

function attribute(attributes: string, name: string): string {
  return unescape(new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, decimal: string, hex: string, named: string) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return entities[named] ?? whole;
  });
}
