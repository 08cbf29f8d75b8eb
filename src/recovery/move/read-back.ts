/** Compares what a new place gives back with what was built in it. Pure. */
import { sha256 } from "../../base/digest.ts";
import { fail } from "../../base/errors.ts";
import { formatTag } from "../../quorum/tag.ts";
import type { BuiltQuorum, SealedQuorum } from "./quorum-end.ts";

/** IO_DEVICE naming `where` when it is not the same. */
export function checkReadBack(where: string, read: SealedQuorum, { identity, image, versions }: BuiltQuorum): void {
  const wrong: string[] = [];
  const found = new Map(read.versions.map(({ name, bytes }) => [name, sha256(bytes)]));
  if (read.identity.instance !== identity.instance || read.identity.name !== identity.name)
    wrong.push("it is of another cluster");
  if (formatTag(read.snapshot.tag) !== formatTag(image.tag) || read.records.length > 0)
    wrong.push("it has another tag");
  if (sha256(read.snapshot.hive) !== sha256(image.hive)) wrong.push("its database is another one");
  for (const { name, bytes } of versions) if (found.get(name) !== sha256(bytes)) wrong.push(`${name} is damaged`);
  if (wrong.length === 0) return;
  throw fail("IO_DEVICE", {
    happened: `The generation built in ${where} is not what was written: ${wrong.join("; ")}.`,
    next: "Check the new place, then try again.",
  });
}
