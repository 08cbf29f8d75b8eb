/** What etcd's refusals mean here (its `rpctypes/error.go`, gRPC's status codes). */
import { OutsideError } from "../../base/outside.ts";

/** `final`: no other member would say otherwise. */
export interface Refusal {
  readonly final: boolean;
  readonly error: OutsideError;
}

const status = {
  invalidArgument: 3,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  outOfRange: 11,
  unimplemented: 12,
  unauthenticated: 16,
} as const;

/** undefined when the error is none of gRPC's. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof Error) || error.name !== "GrpcError" || !("code" in error)) return undefined;
  const { code, message } = error;
  const final = (posix: string): Refusal => ({ final: true, error: new OutsideError(posix, `etcd: ${message}`) });
  const passing: Refusal = { final: false, error: new OutsideError("EAGAIN", message) };
  if (/revision of auth store is old|too many requests/.test(message)) return passing;
  switch (code) {
    case status.invalidArgument:
      if (/user name is empty|authentication failed|user name not found|auth/i.test(message)) return final("EACCES");
      return final(/too large/.test(message) ? "EMSGSIZE" : "EINVAL");
    case status.resourceExhausted:
      return final(/space exceeded/.test(message) ? "ENOSPC" : "EMSGSIZE");
    case status.outOfRange:
      return final(/compacted/.test(message) ? "ESTALE" : "EMSGSIZE");
    case status.permissionDenied:
    case status.unauthenticated:
      return final("EACCES");
    case status.failedPrecondition:
      return final("EINVAL");
    case status.unimplemented:
      return final("ENOSYS");
    default:
      return passing;
  }
}
