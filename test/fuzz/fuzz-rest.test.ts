import { test } from "node:test";
import { fuzzFor } from "./gate.ts";
import { targets } from "./targets.ts";

for (const [name, seconds] of Object.entries({ logs: 15, reg: 15, inplace: 30 }))
  test(`mutated inputs for ${name}`, (t) => fuzzFor(name, targets[name]!, seconds, (text) => t.diagnostic(text)));
