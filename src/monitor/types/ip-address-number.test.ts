/** Addresses and networks that can't be are refused when they are set; no answer is not an empty answer. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openOutside } from "../../base/outside-node.ts";
import { dword, sz, type Value } from "../../tree/value.ts";
import type { Application } from "../application.ts";
import { parameterProblems } from "../parameters.ts";
import type { ResourceContext } from "../resource-type.ts";
import { findResourceType } from "../types.ts";
import { answerOf } from "./program.ts";

test("addresses, masks and prefixes that can't be are refused, others are taken", () => {
  const share = [sz("ShareName", "s"), sz("Path", "/s")];
  const v4 = [sz("Address", "10.0.0.5")];
  const v6 = [sz("Address", "2001:db8::5")];
  const rows: readonly (readonly [type: string, right: readonly Value[], wrong: readonly Value[]])[] = [
    ["IP Address", v4, [sz("Address", "300.1.1.1")]],
    ["IP Address", v4, [sz("Address", "010.0.0.5")]],
    ["IP Address", v4, [sz("Address", "2001:db8::5")]],
    ["IP Address", [...v4, sz("SubnetMask", "")], [...v4, sz("SubnetMask", "33")]],
    ["IP Address", [...v4, sz("SubnetMask", "255.255.0.0")], [...v4, sz("SubnetMask", "255.0.255.0")]],
    ["IPv6 Address", v6, [sz("Address", "2001:db8::5/64")]],
    ["IPv6 Address", v6, [sz("Address", "fe80::5")]],
    ["IPv6 Address", [...v6, dword("PrefixLength", 128)], [...v6, dword("PrefixLength", 129)]],
    ["File Share", [...share, ...v4], [...share, sz("Address", "300.1.1.1")]],
    ["File Share", [...share, ...v6], [...share, sz("Address", "10.0.0.5/24")]],
  ];
  for (const [name, right, wrong] of rows) {
    const table = findResourceType(name)?.parameters ?? [];
    assert.deepEqual(parameterProblems(right, table), []);
    const problems = parameterProblems(wrong, table);
    assert.ok(
      problems.length === 1 && /^(Address|SubnetMask|PrefixLength)\b/.test(problems[0] ?? ""),
      problems.join(" "),
    );
  }
});

test("a command without an answer is an error that says why; an empty answer is none", async () => {
  const folder = mkdtempSync(join(tmpdir(), "clubar-answer-"));
  after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "said"), "");
  writeFileSync(join(folder, "output.log"), "TUNSETIFF: Operation not permitted\n");
  const context = { outside: openOutside(), folder, resource: { name: "ip" } } as unknown as ResourceContext;
  const ended = (code: number | undefined): Application => ({ call: async () => code }) as unknown as Application;
  const ask = (code: number | undefined): Promise<string> =>
    answerOf(context, ended(code), ["ip", "address"], AbortSignal.timeout(60_000));
  assert.equal(await ask(0), "");
  await assert.rejects(
    ask(undefined),
    /ip: ip address had no answer: what it runs in has ended; the log ends with: TUNSETIFF: Operation not permitted\./,
  );
  await assert.rejects(ask(127), /ip address ended with code 127\./);
});
