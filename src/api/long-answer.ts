/** Answers with very many objects: they are told a slice at a time, and everything else of the service goes on in between. */
import type { ApiContext } from "./request.ts";

/** Objects of a slice: a few milliseconds. */
const slice = 250;

/** JSON of a list, in pieces of some objects each. */
export function* jsonList<T>(items: Iterable<T>, view: (item: T) => object): Generator<string, void, undefined> {
  let made: string[] = [];
  let before = "[";
  for (const item of items) {
    made.push(JSON.stringify(view(item)));
    if (made.length < slice) continue;
    yield `${before}${made.join(",")}`;
    made = [];
    before = ",";
  }
  yield `${made.length === 0 && before === "," ? "" : before}${made.join(",")}]`;
}

/** JSON of an object with lists beside its own properties, in pieces; `object` must not be empty. */
export function* jsonWith(
  object: object,
  lists: Readonly<Record<string, Iterable<string>>>,
): Generator<string, void, undefined> {
  yield JSON.stringify(object).slice(0, -1);
  for (const [name, pieces] of Object.entries(lists)) {
    yield `,${JSON.stringify(name)}:`;
    yield* pieces;
  }
  yield "}";
}

/** Answers JSON that comes in pieces: what is not much as one. */
export function answerPieces(context: ApiContext, pieces: Iterable<string>): Response {
  const { service } = context.var;
  const headers = { "content-type": "application/json" };
  const grouped = together(pieces)[Symbol.iterator]();
  const first = grouped.next().value ?? "";
  const second = grouped.next();
  if (second.done === true) return context.body(first, 200, headers);
  const encoder = new TextEncoder();
  let waiting: string | undefined = `${first}${second.value}`;
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      await service.pause();
      const piece = waiting ?? grouped.next().value;
      waiting = undefined;
      if (piece === undefined) controller.close();
      else controller.enqueue(encoder.encode(piece));
    },
  });
  return context.body(body, 200, headers);
}

/** Characters that are sent at once. */
const enough = 64 * 1024;

function* together(pieces: Iterable<string>): Generator<string, undefined, undefined> {
  let text = "";
  for (const piece of pieces) {
    text += piece;
    if (text.length < enough) continue;
    yield text;
    text = "";
  }
  if (text !== "") yield text;
  return undefined;
}
