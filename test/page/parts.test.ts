/** The parts of the web page that only compute. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ResourceView } from "../../src/api/views.ts";
import { valueView } from "../../src/api/value-view.ts";
import { binary, dword, multiSz, qword, sz } from "../../src/tree/value.ts";
import { dependencyOrder } from "../../web/src/cluster/dependency-order.ts";
import { type StreamEvent, StreamParser } from "../../web/src/event-stream.ts";
import { href, pages, routeOf } from "../../web/src/route.ts";
import { fileValueText, valueText } from "../../web/src/value-text.ts";
import { age, bytesText, counted, prefixText } from "../../web/src/words.ts";

test("a stream is cut into the same events wherever its pieces end", () => {
  const stream =
    "event: hello\ndata: {}\nid: 1:1:1\n\n: quiet\n\nevent: change\nid: 1:1:2\ndata: a\ndata: b\n\ndata:bare\n\nevent: cut";
  const expected = [
    { event: "hello", data: "{}" },
    { event: "change", data: "a\nb" },
    { event: "message", data: "bare" },
  ];
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length)), (places) => {
      const cuts = [0, ...places.sort((a, b) => a - b), stream.length];
      const events: StreamEvent[] = [];
      const parser = new StreamParser((event) => events.push(event));
      cuts.forEach((cut, at) => parser.take(stream.slice(cuts[at - 1] ?? 0, cut)));
      assert.deepEqual([events, parser.lastId], [expected, "1:1:2"]);
    }),
  );
});

test("what is needed stands above what needs it, a circle ends", () => {
  const named = (name: string, ...dependsOn: readonly string[]): ResourceView =>
    ({ name, dependsOn }) as unknown as ResourceView;
  const placed = (resources: readonly ResourceView[]): readonly string[] =>
    dependencyOrder(resources).map(({ resource, depth }) => `${resource.name}${depth}`);
  assert.deepEqual(placed([named("c", "b"), named("a"), named("b", "a"), named("d", "a", "elsewhere")]), [
    "a0",
    "b1",
    "d1",
    "c2",
  ]);
  assert.equal(placed([named("a", "b"), named("b", "a")]).length, 2);
});

test("an address leads back to the page and its parts, whatever they hold", () => {
  fc.assert(
    fc.property(fc.constantFrom(...pages), fc.array(fc.string({ unit: "grapheme", minLength: 1 })), (page, parts) => {
      assert.deepEqual(routeOf(href(page, ...parts)), { page, parts });
    }),
  );
  assert.deepEqual(
    [routeOf("").page, routeOf("#/nowhere").page, routeOf("#/backups/%").parts],
    ["cluster", "cluster", ["%"]],
  );
});

test("values are shown as their types mean them", () => {
  const shown = [
    sz("a", "hällo"),
    dword("a", 80),
    qword("a", 1n << 40n),
    multiSz("a", ["x", "y"]),
    binary("a", Uint8Array.of(1, 255)),
  ];
  assert.deepEqual(
    shown.map((value) => valueText(valueView(value))),
    ["hällo", "0x00000050 (80)", "0x0000010000000000 (1099511627776)", "x ⏎ y", "01 ff"],
  );
  assert.equal(valueText(valueView(sz("a", "x".repeat(1000)))).length, 301);
  const content = new TextEncoder().encode("colour = grün");
  assert.equal(fileValueText("Content", valueView(binary("Content", content))), "colour = grün");
  assert.equal(fileValueText("Content", valueView(binary("Content", Uint8Array.of(255, 0)))), "ff 00");
  assert.equal(fileValueText("Mode", valueView(dword("Mode", 0o750))), "0750");
  assert.equal(valueText({ name: "odd", type: "REG_DWORD", data: "AQ==" }), "01");
});

test("words for numbers, sizes and ages", () => {
  assert.deepEqual([counted(1, "node"), counted(0, "node")], ["1 node", "0 nodes"]);
  assert.deepEqual(
    [bytesText(1), bytesText(1024), bytesText(150_000), bytesText(3 << 20)],
    ["1 byte", "1.0 KiB", "146 KiB", "3.0 MiB"],
  );
  const ages = [0, 59, 60, 3599, 7200, 86_400 * 3].map((seconds) => age(0, seconds * 1000));
  assert.deepEqual(ages, ["just now", "just now", "1 minute ago", "59 minutes ago", "2 hours ago", "3 days ago"]);
});

test("a mask is the length of its prefix, unless it has holes", () => {
  const masks = ["255.255.255.0", "255.255.240.0", "0.0.0.0", "ffff:ffff:ffff:ffff::", "ffff:fff0::", "255.0.255.0"];
  assert.deepEqual(masks.map(prefixText), ["24", "20", "0", "64", "28", "255.0.255.0"]);
});
