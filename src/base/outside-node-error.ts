import { Failure } from "./errors.ts";
import { OutsideError } from "./outside.ts";

/** What Node.js threw, as the outside tells it. */
export function outsideError(cause: unknown, what: string): OutsideError {
  if (cause instanceof OutsideError) return cause;
  const code = (cause as { code?: unknown } | null)?.code;
  const error = new OutsideError(typeof code === "string" ? code : "EIO", what);
  error.cause = cause;
  return error;
}

/** Runs a call and translates what Node.js throws, a `Failure` stays as it is; `what` names the call and its path. */
export async function translated<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw cause instanceof Failure ? cause : outsideError(cause, what);
  }
}
