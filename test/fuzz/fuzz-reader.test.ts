import { after, test } from "node:test";
import { isReadableByHivex, openHivex, type WrittenHive } from "../hives/hivex-batch.ts";
import { fuzzFor } from "./gate.ts";
import { Reader } from "./reader.ts";

/** Hives that libhivex reads at once, and one in how many of those written it reads. */
const batch = 300;
const comparedEvery = 8;

const hivex = openHivex();

test("mutated hives: read, lazily too, checked, salvaged, written; libhivex reads what was written", (t) => {
  let waiting: WrittenHive[] = [];
  let seen = 0;
  let compared = 0;
  const compare = (): void => {
    if (typeof hivex === "string") return;
    hivex.compare(waiting);
    compared += waiting.length;
    waiting = [];
  };
  const reader = new Reader(undefined, (written) => {
    if (seen++ % comparedEvery > 1 || typeof hivex === "string" || !isReadableByHivex(written.tree)) return;
    waiting.push(written);
    if (waiting.length === batch) compare();
  });
  fuzzFor("reader", reader, 60, (text) => t.diagnostic(text));
  compare();
  t.diagnostic(
    typeof hivex === "string" ? `not compared with libhivex: ${hivex}` : `${compared} hives read by libhivex`,
  );
});

after(() => {
  if (typeof hivex !== "string") hivex.close();
});
