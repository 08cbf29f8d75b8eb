/** Control codes from a resource's own script: it may use them while the cluster waits for it (no deadlock). */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { clubar } from "../../src/daemon/demo/node-process.ts";
import { TestCluster } from "./cluster.ts";

const cluster = new TestCluster("control-codes");
before(() => cluster.form(["N1"]));
after(() => cluster.end());

test("a resource's own script uses the control codes while it comes online", async () => {
  const node = cluster.node("N1");
  const folder = join(cluster.folder, "script");
  mkdirSync(folder);
  const seen = join(folder, "seen");
  const script = join(folder, "script.sh");
  const command = clubar.map((word) => `'${word}'`).join(" ");
  writeFileSync(
    script,
    [
      "#!/bin/sh",
      '[ "$1" = online ] || exit 0',
      `c() { ${command} --data "\${CLUBAR_SOCKET%/run/api.sock}" "$@"; }`,
      `c checkpoint add "$CLUBAR_RESOURCE" --registry 'SOFTWARE\\Script' || exit 1`,
      `c reg add 'HKLM\\SOFTWARE\\Script' --value Step --data two || exit 1`,
      `c checkpoint list "$CLUBAR_RESOURCE" > '${seen}'`,
    ].join("\n"),
    { mode: 0o755 },
  );
  await cluster.run(node, "reg", "add", "HKLM\\SOFTWARE\\Script", "--value", "Step", "--data", "one");
  await cluster.run(node, "group", "create", "G");
  const type = ["--type", "Generic Script", `ScriptFilepath=${script}`];
  await cluster.run(node, "resource", "create", "Own", "--group", "G", ...type);
  await cluster.run(node, "group", "online", "G", "--wait");
  assert.match(readFileSync(seen, "utf8"), /SOFTWARE\\Script/);
  const list = await cluster.run(node, "checkpoint", "list", "Own", "--audit");
  assert.match(list, /SOFTWARE\\Script/);
});
