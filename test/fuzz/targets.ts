import { inPlace } from "./in-place.ts";
import { logs } from "./logs.ts";
import { Reader } from "./reader.ts";
import { reg } from "./reg.ts";
import type { Target } from "./target.ts";

/** All targets by name. */
export const targets: Readonly<Record<string, Target>> = { reader: new Reader(), logs, reg, inplace: inPlace };
