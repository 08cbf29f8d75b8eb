/** The documented control codes of checkpoints (facts §3.1), with their formats to the byte. None of them reaches a resource type. */
import { concatBytes, decodeUtf16, encodeUtf16 } from "../base/bytes.ts";
import { errorTable } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Checkpoints } from "./checkpoint.ts";
import type { CheckpointKind } from "./names.ts";

/** clusapi.h, CLUSCTL_… */
export const controlCode = {
  RESOURCE_ADD_REGISTRY_CHECKPOINT: 0x014000a2,
  RESOURCE_DELETE_REGISTRY_CHECKPOINT: 0x014000a6,
  RESOURCE_GET_REGISTRY_CHECKPOINTS: 0x010000a9,
  RESOURCE_ADD_CRYPTO_CHECKPOINT: 0x014000ae,
  RESOURCE_DELETE_CRYPTO_CHECKPOINT: 0x014000b2,
  RESOURCE_GET_CRYPTO_CHECKPOINTS: 0x010000b5,
  RESOURCE_ADD_REGISTRY_CHECKPOINT_64BIT: 0x014000be,
  RESOURCE_ADD_REGISTRY_CHECKPOINT_32BIT: 0x014000c2,
} as const;

/** Known, and answered with CALL_NOT_IMPLEMENTED: of resource types (documented as not supported), and one without documentation. */
const notSupported: ReadonlySet<number> = new Set([0x020000a9, 0x020000b5, 0x014002d6]);

interface Operation {
  readonly verb: "add" | "remove" | "get";
  readonly kind: CheckpointKind;
}

/** There is one registry: the codes for the 32-bit and 64-bit view mean the default one (MS-CMRP 29303925). */
const operations: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  [controlCode.RESOURCE_ADD_REGISTRY_CHECKPOINT, { verb: "add", kind: "registry" }],
  [controlCode.RESOURCE_ADD_REGISTRY_CHECKPOINT_64BIT, { verb: "add", kind: "registry" }],
  [controlCode.RESOURCE_ADD_REGISTRY_CHECKPOINT_32BIT, { verb: "add", kind: "registry" }],
  [controlCode.RESOURCE_DELETE_REGISTRY_CHECKPOINT, { verb: "remove", kind: "registry" }],
  [controlCode.RESOURCE_GET_REGISTRY_CHECKPOINTS, { verb: "get", kind: "registry" }],
  [controlCode.RESOURCE_ADD_CRYPTO_CHECKPOINT, { verb: "add", kind: "crypto" }],
  [controlCode.RESOURCE_DELETE_CRYPTO_CHECKPOINT, { verb: "remove", kind: "crypto" }],
  [controlCode.RESOURCE_GET_CRYPTO_CHECKPOINTS, { verb: "get", kind: "crypto" }],
]);

/** The answer to a control code, as ClusterResourceControl gives it. */
export interface ControlAnswer {
  /** A Win32 code; 0 is success. */
  readonly code: number;
  readonly output: Uint8Array;
  /** Bytes that the whole output takes; with 234 MORE_DATA the output is empty and this is what to ask with. */
  readonly required: number;
}

/** Whether `code` is one of checkpoints, known or refused. */
export function isCheckpointCode(code: number): boolean {
  return operations.has(code) || notSupported.has(code);
}

/**
 * Carries a control code out. `input` is a NUL-terminated UTF-16 text for adding and removing; `outSize` the bytes that the caller has
 * room for, all that is needed unless given. Never rejects: what went wrong is the code.
 */
export async function resourceControl(
  checkpoints: Pick<Checkpoints, "add" | "remove" | "list">,
  resource: string,
  code: number,
  input: Uint8Array | undefined,
  outSize?: number,
): Promise<ControlAnswer> {
  const operation = operations.get(code);
  if (operation === undefined) {
    return answer(notSupported.has(code) ? errorTable.CALL_NOT_IMPLEMENTED.win32 : errorTable.INVALID_FUNCTION.win32);
  }
  const { verb, kind } = operation;
  try {
    if (verb === "get") return fit(multiSz(checkpoints.list(resource), kind), outSize);
    const path = readText(input);
    if (path === undefined) return answer(errorTable.INVALID_PARAMETER.win32);
    if (verb === "add") await checkpoints.add(resource, kind, path);
    else await checkpoints.remove(resource, kind, path);
    return answer(0);
  } catch (error) {
    return answer(failureOf(error).win32);
  }
}

/** The text before the first NUL; undefined when there is none, when it is empty or when half a character is left over. */
function readText(input: Uint8Array | undefined): string | undefined {
  if (input === undefined || input.length % 2 !== 0) return undefined;
  const text = decodeUtf16(input);
  const end = text.indexOf("\0");
  return end <= 0 ? undefined : text.slice(0, end);
}

/** A MULTI_SZ: each text with its NUL, and one more NUL at the end. */
function multiSz(list: ReturnType<Checkpoints["list"]>, kind: CheckpointKind): Uint8Array {
  const texts = list.filter((one) => one.kind === kind).map((one) => encodeUtf16(`${one.path}\0`));
  return concatBytes([...texts, new Uint8Array(2)]);
}

function fit(output: Uint8Array, outSize: number | undefined): ControlAnswer {
  if (outSize === undefined || outSize >= output.length) return { code: 0, output, required: output.length };
  return { code: errorTable.MORE_DATA.win32, output: new Uint8Array(0), required: output.length };
}

function answer(code: number): ControlAnswer {
  return { code, output: new Uint8Array(0), required: 0 };
}
