/** What is said of parameters and modules before anything of them is stored. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ErrorName } from "../base/errors.ts";
import { createResource } from "../database/commands/resource.ts";
import { createGroup } from "../database/commands/group.ts";
import { initialDatabase } from "../database/initial-database.ts";
import { applyEdits } from "../tree/edit.ts";
import type { NodeService, NodeType } from "./node-service.ts";
import { checkModule, checkParameters } from "./parameter-check.ts";

const description = { name: "T", diesWithHost: true, parameters: [], moreParameters: false };

function refusal(answers: readonly NodeType[], force = false): Promise<string> {
  const service = { types: { describe: async () => answers } } as unknown as NodeService;
  return checkModule(service, { module: "/m.mjs", diesWithHost: true, force }).then(
    () => "",
    (error: { readonly name: string }) => error.name,
  );
}

test("a module that is missing is not found; one that is none, or unlike its registration, is a wrong parameter", async () => {
  const good = { node: "N1", description, trouble: "" };
  const bad = (error: ErrorName): NodeType => ({ node: "N2", description: undefined, trouble: "It is so.", error });
  const down = { node: "N3", description: undefined, trouble: "the node is down" };
  for (const [answers, name] of [
    [[good, down], ""],
    [[good, bad("FILE_NOT_FOUND")], "FILE_NOT_FOUND"],
    [[bad("FILE_NOT_FOUND"), down], "FILE_NOT_FOUND"],
    [[bad("FILE_NOT_FOUND"), bad("INVALID_DATA")], "INVALID_PARAMETER"],
    [[good, bad("CLUSTER_NODE_UNREACHABLE")], "CLUSTER_NODE_UNREACHABLE"],
    [[{ ...good, description: { ...description, diesWithHost: false } }], "INVALID_PARAMETER"],
  ] as const)
    assert.equal(await refusal(answers), name);
  assert.equal(await refusal([good, bad("FILE_NOT_FOUND")], true), "");
});

test("a parameter that there is not is answered with those that there are, the closest first", async () => {
  const known = ["OcfAgent", "fake", "state", "statedir", ...Array.from({ length: 20 }, (_, n) => `zzzzzz${n}`)];
  const report = { problems: [{ name: "stat", isMissing: false, sentence: "There is no parameter stat." }], known };
  let last = 0;
  const newGuid = (): string => `00000000-0000-4000-8000-${String((last += 1)).padStart(12, "0")}`;
  const names = { clusterName: "C", instance: newGuid(), nodeId: "1", nodeName: "N1" };
  let tree = initialDatabase({ ...names, time: 1n, newGuid });
  tree = applyEdits(tree, createGroup(tree, { id: newGuid(), name: "G" }).edits, 1n);
  const id = newGuid();
  const service = {
    types: { check: async () => [{ node: "N1", report, trouble: "" }] },
    database: { tree: () => tree },
  } as unknown as NodeService;
  const given = { stat: "x" };
  const ask = { id, name: "r", group: "G", type: "OCF Agent", parameters: given };
  await assert.rejects(
    checkParameters(service, id, (before) => createResource(before, ask), { given, force: false }),
    /no parameter stat\. There are: state, statedir, (fake|OcfAgent), .* and 9 more\./,
  );
});
