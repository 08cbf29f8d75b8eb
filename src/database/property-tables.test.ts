import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { foldName } from "../tree/path.ts";
import { propertiesPage } from "./properties-page.ts";
import { commonProperties } from "./property-tables.ts";
import { builtInResourceTypes } from "./resource-type-tables.ts";

test("docs/reference/properties.md is current (node tools/generate-properties.mjs)", () => {
  const path = join(import.meta.dirname, "../../docs/reference/properties.md");
  assert.equal(readFileSync(path, "utf8"), propertiesPage());
});

test("names are unique in each table and every default is allowed", () => {
  const tables = [...Object.values(commonProperties), ...builtInResourceTypes.map((type) => type.privateProperties)];
  for (const table of tables) {
    assert.equal(new Set(table.map((spec) => foldName(spec.name))).size, table.length);
    for (const spec of table) {
      if (typeof spec.default !== "number") continue;
      const { default: standard, min, max, also } = spec;
      assert.ok((standard >= min && standard <= max) || standard === also, spec.name);
    }
  }
});
