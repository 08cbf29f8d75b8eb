import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openAuditLog } from "./audit-log.ts";

test("the audit log is its owner's alone, and bounded", () => {
  const folder = mkdtempSync(join(tmpdir(), "clubar-audit-"));
  try {
    const path = join(folder, "audit.log");
    writeFileSync(path, "", { mode: 0o644 });
    const audit = openAuditLog(path, { wall: () => 0, boot: () => 0 }, 1000);
    const entry = { who: "user:ann", from: "10.0.0.9:1", what: "POST /api/v1/restore", outcome: "refused" } as const;
    for (let count = 0; count < 50; count++) audit({ ...entry, error: `E${count}` });
    for (const file of [path, `${path}.1`]) {
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.ok(statSync(file).size <= 1000);
    }
    const last = readFileSync(path, "utf8").trimEnd().split("\n").at(-1) ?? "";
    assert.deepEqual(JSON.parse(last), { time: "1970-01-01T00:00:00.000Z", ...entry, error: "E49" });
    openAuditLog(join(folder, "none", "audit.log"), { wall: () => 0, boot: () => 0 })(entry);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
