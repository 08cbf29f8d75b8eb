/**
 * What a type does that does not die with its host. The host writes down which resource it is before the type may do anything, and takes
 * that away when the type says that nothing is left; so the next host of the node knows what it has to release before it starts anything
 * (docs/safety.md §2.9).
 */
import { writeFileDurably } from "../base/durable.ts";
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { type Files, type Outside, OutsideError } from "../base/outside.ts";
import { fromJson, toJson } from "../rpc/json.ts";
import { limited } from "./call-limit.ts";
import type { ResourceLife } from "./resource-life.ts";
import type { ResourceContext, ResourceType } from "./resource-type.ts";

/** The longest wait between two tries, in milliseconds. */
const longestPause = 1_000;
/** The longest that one try may take, in milliseconds. */
const longestTry = 3_600_000;

function fileOf(data: string, id: string): string {
  return `${data}/resources/${id}/outlasting.json`;
}

/** Durable when it resolves. `spec`: what the resource was started with. */
export async function writeOutlasting(files: Files, data: string, spec: { readonly id: string }): Promise<void> {
  await writeFileDurably(files, fileOf(data, spec.id), new TextEncoder().encode(`${toJson(spec)}\n`));
}

/** Durable when it resolves. */
export async function forgetOutlasting(files: Files, data: string, id: string): Promise<void> {
  const path = fileOf(data, id);
  if ((await files.stat(path)) === undefined) return;
  await files.unlink(path).catch((cause: unknown) => {
    if (!(cause instanceof OutsideError) || cause.code !== "ENOENT") throw cause;
  });
  await files.syncFolder(`${data}/resources/${id}`);
}

/** The specs of resources that may have left something. @throws INVALID_DATA when one can't be read */
export async function readOutlasting(files: Files, data: string): Promise<readonly unknown[]> {
  const top = `${data}/resources`;
  if ((await files.stat(top)) === undefined) return [];
  const specs: unknown[] = [];
  for (const id of await files.list(top)) {
    const path = fileOf(data, id);
    if ((await files.stat(path)) === undefined) continue;
    try {
      specs.push(fromJson(new TextDecoder().decode(await files.read(path))));
    } catch (cause) {
      throw fail("INVALID_DATA", {
        happened: `${path}, which names a resource that an earlier host ran, is damaged.`,
        unchanged: "Nothing was started.",
        next: "Make sure that nothing of that resource is left on this machine, then delete the file.",
        cause,
      });
    }
  }
  return specs;
}

/** What it takes to release one resource. */
export interface ReleaseParts {
  readonly outside: Outside;
  readonly type: ResourceType;
  /** For each try: containers of its own, which nothing but that try may start. */
  readonly next: () => { readonly life: ResourceLife; readonly context: ResourceContext };
  /** A try has failed; another follows. */
  readonly held: (because: string) => void;
}

/** Calls `terminate` until it resolves, however often that takes; then nothing is left. No container of an earlier life may be there. */
export async function untilReleased({ outside, type, next, held }: ReleaseParts): Promise<void> {
  let more = 1;
  for (let pause = 20; ; pause = Math.min(longestPause, pause * 2), more *= 2) {
    const { life, context } = next();
    const { name, times } = context.resource;
    // A limit that is too short for it must not keep it for ever.
    const ms = Math.min(times.deadlockTimeout * more, longestTry);
    const limit = { what: "terminate", resource: name, ms, property: "DeadlockTimeout" };
    try {
      await limited(outside, limit, new AbortController().signal, (signal) => type.terminate(context, signal));
      await life.end();
      return;
    } catch (cause) {
      held(`It can't be released: ${failureOf(cause).happened}`);
      await life.end();
    }
    await outside.timers.sleep(pause);
  }
}
