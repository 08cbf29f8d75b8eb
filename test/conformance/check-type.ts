/**
 * The process of `clubar resource check-type`: holds a module to the suite of all resource types, as tests of Node. One argument, JSON:
 * `CheckedType`.
 */
import { spawnSync } from "node:child_process";
import { openOutside } from "../../src/base/outside-node.ts";
import type { CheckedType } from "../../src/cli/check-type.ts";
import { typeRunner } from "../../src/daemon/type-runner-words.ts";
import { describeModule } from "../../src/monitor/type-look.ts";
import { sz } from "../../src/tree/value.ts";
import { describeResourceType } from "./resource-type.ts";

const { module, parameters, there, breakWith } = JSON.parse(process.argv[2] ?? "{}") as CheckedType;
const environment = { PATH: process.env["PATH"] ?? "" };
const {
  name,
  diesWithHost,
  parameters: rows,
  moreParameters,
} = await describeModule({ outside: openOutside(), environment, runner: typeRunner() }, module);
const succeeds = (command: string): boolean => spawnSync("sh", ["-c", command], { stdio: "ignore" }).status === 0;
const required = rows.find((row) => row.required)?.name;
describeResourceType({
  type: name,
  module: { path: module, diesWithHost },
  values: Object.entries(parameters).map(([key, value]) => sz(key, value)),
  isThere: () => succeeds(there),
  ...(breakWith === undefined ? {} : { breakIt: () => void succeeds(breakWith) }),
  ...(required === undefined ? {} : { required }),
  ...(moreParameters ? { takesAny: true } : {}),
});
