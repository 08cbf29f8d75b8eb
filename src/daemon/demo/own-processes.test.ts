import assert from "node:assert/strict";
import { test } from "node:test";
import { type OwnProcess, withoutForks } from "./own-processes.ts";

test("a worker that was just forked is no second instance; a server that another process made is", () => {
  const server = (pid: number, parent: number): OwnProcess => ({ pid, parent, started: "1", command: "nginx -c x" });
  assert.deepEqual(
    withoutForks([server(20, 10), server(21, 20)]).map(({ pid }) => pid),
    [20],
  );
  assert.deepEqual(
    withoutForks([server(20, 10), server(40, 30), server(41, 40)]).map(({ pid }) => pid),
    [20, 40],
  );
});
