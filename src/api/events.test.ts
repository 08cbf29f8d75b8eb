import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { openScene, type Scene } from "../../test/api/scene.ts";
import { sz } from "../tree/value.ts";
import { Backlog } from "./event-feed.ts";

let scene: Scene;
let readers: ReadableStreamDefaultReader<string>[] = [];

beforeEach(async () => {
  scene = await openScene();
});

afterEach(async () => {
  for (const reader of readers) await reader.cancel();
  readers = [];
  await scene.close();
});

interface Event {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: { readonly tag?: string; readonly paths?: readonly string[]; readonly [name: string]: unknown };
}

async function follow(lastId?: string): Promise<() => Promise<Event>> {
  const headers: Record<string, string> = lastId === undefined ? {} : { "last-event-id": lastId };
  const answer = await scene.fetch("/api/v1/events", { headers });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  assert.ok(reader);
  readers.push(reader);
  return async () => {
    const text = (await reader.read()).value ?? "";
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, "m").exec(text)?.[1];
    return { event: field("event") ?? text, id: field("id"), data: JSON.parse(field("data") ?? "{}") as Event["data"] };
  };
}

const rename = (key: string, name: string): void =>
  scene.edit({ kind: "set-value", path: `Groups\\${key}`, value: sz("Name", name) });

test("who comes back is told what changed meanwhile, or that it must read everything again", async () => {
  const first = await follow();
  const { data: hello } = await first();
  assert.equal(hello["missed"], false);
  rename("g", "One");
  const known = (await first()).id;
  rename("h", "Two");
  rename("i", "Three");
  const again = await follow(known);
  assert.deepEqual([(await again()).data["missed"], (await again()).data.paths], [false, ["Groups\\h", "Groups\\i"]]);
  const stranger = await follow("9:9:9");
  assert.equal((await stranger()).data["missed"], true);
  for (let number = 0; number < 300; number++) rename("g", `n${number}`);
  for (const tag of [known, hello.tag]) {
    const late = await follow(tag);
    assert.equal((await late()).data["missed"], true, tag);
  }
});

test("a reader that does not read holds nobody, and gets one event for all that it missed", async () => {
  const slow = await follow();
  await slow();
  const quick = await follow();
  await quick();
  for (let number = 0; number < 500; number++) {
    rename(`g${number}`, "x");
    if (number % 100 === 0) await quick();
  }
  const events: Event[] = [];
  do events.push(await slow());
  while (events.at(-1)?.data["tag"] !== (await scene.client.get<{ tag: string }>("/status")).tag);
  assert.ok(events.length <= 5, `${events.length} events`);
  const last = events.at(-1)?.data;
  assert.deepEqual([last?.paths?.length, last?.["more"]], [200, true]);
});

test("another state of the node itself is an event, and silence has a sound", async () => {
  const next = await follow();
  await next();
  scene.status = { state: "alone", because: "No leader.", leader: undefined };
  assert.deepEqual(await next(), { event: "state", id: undefined, data: { state: "alone", because: "No leader." } });
  assert.equal((await next()).event, ": quiet\n\n");
});

test("a backlog keeps every path once, up to its bound, and the newest tag", () => {
  const backlog = new Backlog();
  assert.equal(backlog.take(), undefined);
  backlog.add({ tag: "1:1:1", paths: ["a", "b"], more: false });
  backlog.add({ tag: "1:1:2", paths: ["b", "c"], more: false });
  assert.deepEqual(backlog.take(), { tag: "1:1:2", paths: ["a", "b", "c"], more: false });
  assert.ok(backlog.isEmpty());
  backlog.add({ tag: "1:1:3", paths: Array.from({ length: 201 }, (_, at) => `k${at}`), more: false });
  assert.deepEqual([backlog.take()?.more, backlog.take()], [true, undefined]);
});
