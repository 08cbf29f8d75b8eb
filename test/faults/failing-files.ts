/** Files of which one call fails, for tests that let each call fail in turn. */
import { type Files, OutsideError } from "../../src/base/outside.ts";

/** A file made new counts as a call, too. */
export interface FailingCall {
  /** The calls that count. */
  readonly among: readonly (keyof Files)[];
  /** The first is 0. */
  readonly at: number;
  readonly code: string;
}

/** That call fails, once; the others are made. */
export function failingAt(
  files: Files,
  { among, at, code }: FailingCall,
): { readonly files: Files; readonly hasFailed: () => boolean } {
  let calls = 0;
  let failed = false;
  const wrapped = new Proxy(files, {
    get(target, name: keyof Files) {
      const method = target[name] as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]): Promise<unknown> => {
        if ((among.includes(name) || (name === "open" && args[1] === "create")) && calls++ === at) {
          failed = true;
          throw new OutsideError(code, name);
        }
        return method.apply(target, args);
      };
    },
  });
  return { files: wrapped, hasFailed: () => failed };
}
