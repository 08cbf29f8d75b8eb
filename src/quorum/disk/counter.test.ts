import assert from "node:assert/strict";
import { test } from "node:test";
import { OutsideError } from "../../base/outside.ts";
import { OpenCounter } from "./counter.ts";
import type { GenerationFolder } from "./place.ts";

test("a file that can't be read by its old handle is opened anew", async () => {
  let opened = 0;
  let stale = false;
  const open = async (): Promise<unknown> => {
    const isFirst = ++opened === 1;
    return {
      read: async () => {
        if (isFirst && stale) throw new OutsideError("ESTALE", "the file was replaced");
        return new TextEncoder().encode(`${String(6 + opened).padStart(16, "0")}\n`);
      },
      close: async () => undefined,
    };
  };
  const folder = { path: "/q", files: { open } } as unknown as GenerationFolder;
  const counter = new OpenCounter();
  assert.equal(await counter.read(folder, 1), 7);
  stale = true;
  assert.deepEqual([await counter.read(folder, 1), opened], [8, 2]);
});
