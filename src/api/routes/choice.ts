/** Parts of queries that choose some of many objects. */
import * as z from "zod";

/** A whole number. */
export const countText: z.ZodType<number> = z
  .string()
  .regex(/^\d{1,9}$/, "a whole number")
  .transform(Number);

/** Only what needs a look. */
export const attentionText: z.ZodType<boolean> = z.literal("true").transform(() => true);
