import assert from "node:assert/strict";
import { test } from "node:test";
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { applyEdits } from "../tree/edit.ts";
import { emptyKey } from "../tree/key.ts";
import { sz } from "../tree/value.ts";
import { backupFailure } from "./lost-hold.ts";

test("a file that is gone is lost while the backup's hold stands, and cleared away when it does not", () => {
  const hold = "Runtime\\Holds\\1";
  const free = emptyKey("", 0n);
  const held = applyEdits(free, [{ kind: "set-value", path: hold, value: sz("Tag", "1:1:1") }], 0n);
  const lost = fail("FILE_NOT_FOUND", { happened: "The file is lost." });
  const full = fail("DISK_FULL", { happened: "The disk is full." });
  assert.equal(backupFailure(lost, held, hold), lost);
  assert.equal(backupFailure(full, free, hold), full);
  assert.match(failureOf(backupFailure(lost, free, hold)).happened, /began to lead while the backup was being taken/);
});
