/** `clubar resource check-type`: a module in the suite that clubar's own resource types pass. Needs no cluster and no service. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { openOutside } from "../base/outside-node.ts";
import { typeRunner } from "../daemon/type-runner-words.ts";
import { describeModule } from "../monitor/type-look.ts";
import type { Cli } from "./cli.ts";

/** A module and a resource of it that works on this machine. Commands are for `sh`. */
export interface CheckedType {
  /** Absolute path. */
  readonly module: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Ends with 0 while the resource serves. */
  readonly there: string;
  /** Takes away what it serves with. */
  readonly breakWith?: string;
}

/** Shows each test as it ends; RESOURCE_FAILED when one failed. FILE_NOT_FOUND, INVALID_PARAMETER when the module is no resource type. */
export async function checkType(cli: Cli, checked: CheckedType): Promise<void> {
  const environment = { PATH: process.env["PATH"] ?? "" };
  const runner = typeRunner();
  const { name } = await describeModule({ outside: openOutside(), environment, runner }, checked.module).catch(notOne);
  const program = fileURLToPath(new URL("../../test/conformance/check-type.ts", import.meta.url));
  // Inside a test of Node's it would talk to that one.
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const child = spawn(process.execPath, ["--test-reporter=spec", program, JSON.stringify(checked)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: inherited,
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    if (!cli.settings.json) cli.terminal.out(part);
  });
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once("close", resolve).once("error", reject),
  );
  const count = (what: string): number => Number(new RegExp(`^ℹ ${what} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
  const [passed, failed, skipped] = ["pass", "fail", "skipped"].map(count);
  if (cli.settings.json) cli.show({ module: checked.module, type: name, passed, failed, skipped }, () => "");
  if (code === 0) return;
  throw fail("RESOURCE_FAILED", {
    happened: `${checked.module} does not do what a resource type must: ${failed} of ${(passed ?? 0) + (failed ?? 0)} tests failed.`,
    unchanged: "Nothing of it runs any more.",
    next: "docs/manual/resource-types.md has the rules.",
  });
}

function notOne(error: unknown): never {
  const failure = failureOf(error);
  if (failure.name !== "INVALID_DATA") throw failure;
  throw fail("INVALID_PARAMETER", {
    happened: failure.happened,
    unchanged: "Nothing was started.",
    next: "docs/manual/resource-types.md says how one is written.",
  });
}
