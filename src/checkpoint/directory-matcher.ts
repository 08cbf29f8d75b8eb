/** Carries out the patterns of a directory checkpoint. */
import { matchesGlob } from "node:path/posix";
import type { DirectoryFilter } from "./directory-filter.ts";

/** Decides by paths relative to the folder, with `/`. */
export interface Matcher {
  /** Neither it nor anything below it is taken. */
  excludes(path: string): boolean;
  /** A file or link is taken, or a folder with everything in it. */
  includes(path: string): boolean;
}

/**
 * Patterns are those of Node's `path.matchesGlob` (minimatch), but a dot at the beginning of a name is a letter like others. One without
 * `/` matches names at any depth, one with `/` the whole relative path.
 */
export function matcherOf({ include, exclude }: DirectoryFilter): Matcher {
  const excludes = compile(exclude);
  const includes = compile(include);
  return {
    excludes: (path) => matchesAny(excludes, path),
    includes: (path) => include.length === 0 || matchesAny(includes, path),
  };
}

interface Pattern {
  readonly glob: string;
  readonly isName: boolean;
}

/** So that hidden files are no exception. */
const hide = (text: string): string => text.replaceAll(".", "\ue02e");

function compile(patterns: readonly string[]): Pattern[] {
  return patterns.map((pattern) => ({ glob: hide(pattern), isName: !pattern.includes("/") }));
}

function matchesAny(patterns: readonly Pattern[], path: string): boolean {
  if (patterns.length === 0) return false;
  const whole = hide(path);
  const name = whole.slice(whole.lastIndexOf("/") + 1);
  return patterns.some(({ glob, isName }) => matchesGlob(isName ? name : whole, glob));
}
