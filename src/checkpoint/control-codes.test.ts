import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, encodeUtf16 } from "../base/bytes.ts";
import { resource, Scene } from "../../test/checkpoint/scene.ts";
import { controlCode, isCheckpointCode, resourceControl } from "./control-codes.ts";

const text = (path: string): Uint8Array => encodeUtf16(`${path}\0`);
const codes = controlCode;
const none = new Uint8Array(0);

interface Row {
  readonly what: string;
  readonly code: number;
  readonly input?: Uint8Array;
  readonly outSize?: number;
  readonly expect: number;
  readonly output?: Uint8Array;
  readonly required?: number;
}

const two = encodeUtf16("SOFTWARE\\A\0SOFTWARE\\B\0\0");
const keys = encodeUtf16("1\\\\MyKey\0\0");

/** In this order: each row finds what those before it left. */
const rows: readonly Row[] = [
  {
    what: "an empty list",
    code: codes.RESOURCE_GET_REGISTRY_CHECKPOINTS,
    expect: 0,
    output: Uint8Array.of(0, 0),
    required: 2,
  },
  { what: "add", code: codes.RESOURCE_ADD_REGISTRY_CHECKPOINT, input: text("SOFTWARE\\A"), expect: 0 },
  { what: "add again", code: codes.RESOURCE_ADD_REGISTRY_CHECKPOINT, input: text("SOFTWARE\\A"), expect: 183 },
  {
    what: "one name space: 32-bit view",
    code: codes.RESOURCE_ADD_REGISTRY_CHECKPOINT_32BIT,
    input: text("SOFTWARE\\A"),
    expect: 183,
  },
  { what: "64-bit view", code: codes.RESOURCE_ADD_REGISTRY_CHECKPOINT_64BIT, input: text("SOFTWARE\\B"), expect: 0 },
  {
    what: "text after the NUL",
    code: codes.RESOURCE_ADD_REGISTRY_CHECKPOINT,
    input: encodeUtf16("SOFTWARE\\A\0rest"),
    expect: 183,
  },
  { what: "a leading \\", code: codes.RESOURCE_ADD_REGISTRY_CHECKPOINT, input: text("\\SOFTWARE\\A"), expect: 87 },
  { what: "no NUL", code: codes.RESOURCE_ADD_REGISTRY_CHECKPOINT, input: encodeUtf16("SOFTWARE\\A"), expect: 87 },
  {
    what: "half a character",
    code: codes.RESOURCE_ADD_REGISTRY_CHECKPOINT,
    input: concatBytes([text("A"), Uint8Array.of(0)]),
    expect: 87,
  },
  { what: "no input", code: codes.RESOURCE_ADD_REGISTRY_CHECKPOINT, expect: 87 },
  { what: "an empty path", code: codes.RESOURCE_ADD_REGISTRY_CHECKPOINT, input: text(""), expect: 87 },
  { what: "no such key", code: codes.RESOURCE_ADD_REGISTRY_CHECKPOINT, input: text("SOFTWARE\\None"), expect: 2 },
  { what: "the list", code: codes.RESOURCE_GET_REGISTRY_CHECKPOINTS, expect: 0, output: two, required: two.length },
  {
    what: "exactly enough room",
    code: codes.RESOURCE_GET_REGISTRY_CHECKPOINTS,
    outSize: two.length,
    expect: 0,
    output: two,
    required: two.length,
  },
  {
    what: "too little room",
    code: codes.RESOURCE_GET_REGISTRY_CHECKPOINTS,
    outSize: two.length - 1,
    expect: 234,
    required: two.length,
  },
  { what: "no room", code: codes.RESOURCE_GET_REGISTRY_CHECKPOINTS, outSize: 0, expect: 234, required: two.length },
  { what: "remove", code: codes.RESOURCE_DELETE_REGISTRY_CHECKPOINT, input: text("software\\b"), expect: 0 },
  { what: "remove again", code: codes.RESOURCE_DELETE_REGISTRY_CHECKPOINT, input: text("SOFTWARE\\B"), expect: 2 },
  {
    what: "remove with a leading \\",
    code: codes.RESOURCE_DELETE_REGISTRY_CHECKPOINT,
    input: text("\\SOFTWARE\\A"),
    expect: 87,
  },
  { what: "add a container", code: codes.RESOURCE_ADD_CRYPTO_CHECKPOINT, input: text("1\\\\MyKey"), expect: 0 },
  { what: "add a container again", code: codes.RESOURCE_ADD_CRYPTO_CHECKPOINT, input: text("1\\\\MyKey"), expect: 183 },
  {
    what: "container not exportable",
    code: codes.RESOURCE_ADD_CRYPTO_CHECKPOINT,
    input: text("1\\\\Hidden"),
    expect: 0x80090003,
  },
  {
    what: "no such container",
    code: codes.RESOURCE_ADD_CRYPTO_CHECKPOINT,
    input: text("1\\\\None"),
    expect: 0x80090016,
  },
  { what: "no container's name", code: codes.RESOURCE_ADD_CRYPTO_CHECKPOINT, input: text("MyKey"), expect: 87 },
  {
    what: "the containers",
    code: codes.RESOURCE_GET_CRYPTO_CHECKPOINTS,
    expect: 0,
    output: keys,
    required: keys.length,
  },
  {
    what: "room for some",
    code: codes.RESOURCE_GET_CRYPTO_CHECKPOINTS,
    outSize: 4,
    expect: 234,
    required: keys.length,
  },
  { what: "remove a container", code: codes.RESOURCE_DELETE_CRYPTO_CHECKPOINT, input: text("1\\\\MyKey"), expect: 0 },
  {
    what: "remove a container again",
    code: codes.RESOURCE_DELETE_CRYPTO_CHECKPOINT,
    input: text("1\\\\MyKey"),
    expect: 2,
  },
  { what: "of a resource type", code: 0x020000a9, expect: 120 },
  { what: "undocumented", code: 0x014002d6, input: text("x"), expect: 120 },
  { what: "another code", code: 0x01000019, expect: 1 },
];

test("the control codes answer as documented", async () => {
  const scene = await Scene.open(1);
  scene.place(1);
  const one = scene.node(1);
  await one.set("SOFTWARE\\A", "a");
  await one.set("SOFTWARE\\B", "b");
  for (const name of ["MyKey", "Hidden"]) one.keys.set(`1\\\\${name}`, Uint8Array.of(1));
  one.keys.hidden.add("1\\\\Hidden");
  const { checkpoints } = one.life();
  for (const { what, code, input, outSize, expect, output = none, required = 0 } of rows) {
    const answer = await resourceControl(checkpoints, resource, code, input, outSize);
    assert.deepEqual(
      { code: answer.code, output: [...answer.output], required: answer.required },
      { code: expect, output: [...output], required },
      what,
    );
  }
});

test("no such resource, not the owner", async () => {
  const scene = await Scene.open(1);
  const { checkpoints } = scene.node(1).life();
  const ask = async (id: string, code: number): Promise<number> =>
    (await resourceControl(checkpoints, id, code, text("SOFTWARE\\A"))).code;
  assert.equal(await ask("99999999-9999-4999-8999-999999999999", codes.RESOURCE_GET_REGISTRY_CHECKPOINTS), 5007);
  assert.equal(await ask(resource, codes.RESOURCE_ADD_REGISTRY_CHECKPOINT), 5015);
});

test("which codes are of checkpoints", () => {
  for (const code of Object.values(codes)) assert.ok(isCheckpointCode(code));
  assert.ok(isCheckpointCode(0x020000b5));
  assert.ok(!isCheckpointCode(0x01000019));
});
