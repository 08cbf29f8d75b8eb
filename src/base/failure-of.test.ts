import assert from "node:assert/strict";
import { test } from "node:test";
import { fail } from "./errors.ts";
import { failureOf } from "./failure-of.ts";
import { OutsideError } from "./outside.ts";

test("whatever is thrown becomes a row of the table", () => {
  const failure = fail("TIMEOUT", { happened: "Late." });
  assert.equal(failureOf(failure), failure);
  assert.equal(failureOf(new OutsideError("ENOSPC", "write x")).name, "DISK_FULL");
  assert.match(failureOf(new OutsideError("EACCES", "read x")).next, /give the right/);
  assert.equal(failureOf(new OutsideError("EACCES", "read x")).happened, "There is no permission (EACCES): read x");
  assert.equal(failureOf(new OutsideError("EWEIRD", "write x")).happened, "EWEIRD: write x");
  assert.equal(failureOf(new OutsideError("EWEIRD", "write x")).name, "IO_DEVICE");
  const odd = new RangeError("odd");
  assert.deepEqual([failureOf(odd).name, failureOf(odd).cause], ["INTERNAL_ERROR", odd]);
  assert.equal(failureOf(7).happened, "7");
});
