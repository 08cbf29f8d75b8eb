import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openOutside } from "../base/outside-node.ts";
import { limitOutput, outputMax } from "./output-limit.ts";

test("a file that grew beyond the limit begins anew, and whoever appends goes on in it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "clubar-output-"));
  const path = join(folder, "output.log");
  const outside = openOutside();
  const stop = new AbortController();
  writeFileSync(path, "short\n");
  truncateSync(path, outputMax + 1);
  const limiting = limitOutput(outside, path, stop.signal);
  const noteIsThere = (size: number): boolean => size > 0 && size <= outputMax;
  while (!noteIsThere(statSync(path).size)) await outside.timers.sleep(10);
  appendFileSync(path, "after\n");
  stop.abort();
  await limiting;
  assert.equal(readFileSync(path, "utf8"), "clubar: the output was too long and begins anew here.\nafter\n");
  rmSync(folder, { recursive: true });
});

test("a file within the limit, or none, is left alone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "clubar-output-"));
  const path = join(folder, "output.log");
  writeFileSync(path, "short\n");
  const looked: string[] = [];
  const outside = openOutside();
  const stop = new AbortController();
  const files = Object.assign(Object.create(outside.files) as typeof outside.files, {
    stat: async (of: string) => {
      looked.push(of);
      stop.abort();
      return outside.files.stat(of);
    },
  });
  await limitOutput({ ...outside, files, timers: { sleep: () => Promise.resolve() } }, path, stop.signal);
  assert.deepEqual(looked, [path]);
  assert.equal(readFileSync(path, "utf8"), "short\n");
  rmSync(folder, { recursive: true });
});

test("a file that does not grow is looked at more and more seldom, one that grows every second", async () => {
  const outside = openOutside();
  const stop = new AbortController();
  const sizes = [0, 0, 0, 0, 0, 7, 9, 9];
  const pauses: number[] = [];
  const stat = async (): Promise<{ readonly size: number }> => {
    const size = sizes.shift() ?? 9;
    if (sizes.length === 0) stop.abort();
    return { size };
  };
  const files = Object.assign(Object.create(outside.files) as typeof outside.files, { stat });
  const sleep = async (ms: number): Promise<void> => void pauses.push(ms);
  await limitOutput({ ...outside, files, timers: { sleep } }, "output.log", stop.signal);
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 8000, 8000, 1000, 1000]);
});
