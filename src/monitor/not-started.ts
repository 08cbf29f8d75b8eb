import { fail } from "../base/errors.ts";
import type { ApplicationSpec } from "./application.ts";

/** RESMON_ONLINE_FAILED; nothing of it runs. */
export function notStarted(spec: ApplicationSpec, why: string, cause?: unknown): Error {
  return fail("RESMON_ONLINE_FAILED", {
    happened: `${spec.resource}: ${spec.program[0] ?? "its container"} was not started: ${why}.`,
    unchanged: "Nothing of it runs.",
    ...(cause === undefined ? {} : { cause }),
  });
}
