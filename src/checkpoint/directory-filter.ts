/** Which files of a folder a checkpoint takes. Pure. */
import { fail, type Failure } from "../base/errors.ts";

/** As the database keeps it beside each version. */
export interface DirectoryFilter {
  /** Only files and links that one of these matches, or that lie in a folder that one matches; all when empty. */
  readonly include: readonly string[];
  /** Not these, nor anything below them. */
  readonly exclude: readonly string[];
  /** Bytes of all contents together. */
  readonly maxSize: number;
}

/** Unless a person says otherwise: 64 MiB. */
export const defaultMaxSize = 67_108_864;
/** A registry value holds 1,071,104,040 bytes. */
export const largestMaxSize = 1_000_000_000;

const mostPatterns = 100;
const longestPattern = 1000;

/** INVALID_PARAMETER for a pattern that can't match, or a size that can't be. */
export function checkFilter(given: Partial<DirectoryFilter>): DirectoryFilter {
  const { include = [], exclude = [], maxSize = defaultMaxSize } = given;
  if (include.length + exclude.length > mostPatterns) throw bad(`more than ${mostPatterns} patterns`);
  for (const pattern of [...include, ...exclude]) {
    const parts = pattern.split("/");
    if (pattern === "" || pattern.length > longestPattern || pattern.includes("\0"))
      throw bad("a pattern that is empty or too long");
    if (parts.includes("") || parts.includes("..") || parts.includes("."))
      throw bad(`the pattern "${pattern}", which begins or ends with "/" or has an empty, "." or ".." part`);
  }
  if (!Number.isInteger(maxSize) || maxSize < 1 || maxSize > largestMaxSize)
    throw bad(`the size ${maxSize}; it is from 1 to ${largestMaxSize} bytes`);
  return { include: [...include], exclude: [...exclude], maxSize };
}

function bad(what: string): Failure {
  return fail("INVALID_PARAMETER", {
    happened: `A directory checkpoint can't have ${what}.`,
    unchanged: "Nothing was changed.",
    next: 'Patterns are relative to the folder, like "*.log" (at any depth) or "cache/**".',
  });
}
