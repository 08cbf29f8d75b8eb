import assert from "node:assert/strict";
import { test } from "node:test";
import type { Files } from "../base/outside.ts";
import { OutsideError } from "../base/outside.ts";
import { openOutside } from "../base/outside-node.ts";
import { environmentOf } from "./process-table.ts";

/** Files of /proc: by path, a text, or the code that reading it fails with. */
function procOf(content: Readonly<Record<string, string>>): Files {
  const read = async (path: string): Promise<Uint8Array> => {
    const text = content[path] ?? "ENOENT";
    if (/^E[A-Z]+$/.test(text)) throw new OutsideError(text, path);
    return new TextEncoder().encode(text);
  };
  return { ...openOutside().files, read };
}

/** A line of /proc/7/stat with what counts here. */
function statLine(state: string, flags: number, environment: readonly [start: number, end: number]): string {
  const told: Readonly<Record<number, string | number>> = {
    0: state,
    6: flags,
    47: environment[0],
    48: environment[1],
  };
  const fields = Array.from({ length: 50 }, (_, index) => String(told[index] ?? 0));
  return `7 (a) b) ${fields.join(" ")}`;
}

const environ = "/proc/7/environ";
const stat = "/proc/7/stat";

test("an environment is told, or that it can't be told now", async () => {
  const told = (content: Readonly<Record<string, string>>): Promise<readonly string[] | undefined> =>
    environmentOf(procOf(content), 7);
  assert.deepEqual(await told({ [environ]: "A=1\0B=\0" }), ["A=1", "B=", ""]);
  assert.deepEqual(await told({}), []);
  assert.deepEqual(await told({ [environ]: "EACCES" }), []);
  assert.deepEqual(await told({ [environ]: "" }), [], "gone meanwhile");
  assert.deepEqual(await told({ [environ]: "", [stat]: statLine("Z", 0, [0, 0]) }), [], "a zombie");
  assert.deepEqual(await told({ [environ]: "", [stat]: statLine("S", 0x00200040, [0, 0]) }), [], "a kernel thread");
  assert.deepEqual(await told({ [environ]: "", [stat]: statLine("S", 0, [99, 99]) }), [], "none was given");
  assert.equal(await told({ [environ]: "", [stat]: statLine("R", 0, [0, 0]) }), undefined, "in execve");
  assert.equal(await told({ [environ]: "", [stat]: statLine("R", 0, [99, 120]) }), undefined, "execve ended meanwhile");
});
