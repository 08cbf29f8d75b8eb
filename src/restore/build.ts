/** Builds the generation of a restore beside the one in force, and proves that it is what was meant. */
import { removeTree } from "../backup/backup.ts";
import { sha256 } from "../base/digest.ts";
import { fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";
import { imageOf } from "../membership/copy-image.ts";
import { generationName } from "../quorum/rules.ts";
import { generationFolder } from "../quorum/disk/place.ts";
import { buildGeneration, discardGeneration, readGeneration } from "../quorum/open.ts";
import { formatTag } from "../quorum/tag.ts";
import { fileTime } from "../tree/key.ts";
import type { Built } from "./journal.ts";
import type { RestorePlan } from "./plan-types.ts";
import { inForce } from "./present.ts";
import { restoredTree } from "./restored-tree.ts";
import { readSource } from "./source.ts";

type DiskOutside = Pick<Outside, "files" | "random">;

const asItWas = "The quorum is as it was.";

/** Reads the set once, verifies it while reading, and builds from what was read. May be repeated. `data` is the node's folder. */
export async function build(outside: DiskOutside, plan: RestorePlan, data?: string): Promise<Built> {
  const { files } = outside;
  const set = await readSource(outside, plan.set.path, plan.copy);
  if (set.digest !== plan.set.digest) {
    throw fail("DATABASE_BACKUP_CORRUPT", {
      happened:
        plan.copy === undefined
          ? `${plan.set.path} holds another set than when the restore was planned.`
          : `${plan.set.path} is not what it was when this was planned.`,
      unchanged: asItWas,
      next: "Plan it again.",
    });
  }
  if ((await inForce(files, plan.place)) === "damaged") {
    // It names nothing that could be lost; the folders it could have named stay.
    await files.rename(`${plan.place}/current`, `${plan.place}/current.damaged-${plan.id}`);
    await files.syncFolder(plan.place);
  }
  const tree = restoredTree(set.tree, plan.treeChanges, fileTime(plan.time));
  const image = imageOf(tree, plan.tag, plan.time);
  await buildGeneration(outside, { place: plan.place, data }, plan.identity, image, set.versions);
  return {
    hive: sha256(image.hive),
    versions: set.versions.map(({ name, bytes }) => ({ name, sha256: sha256(bytes) })),
  };
}

/** Reads everything back from the disk. IO_DEVICE when anything differs. */
export async function verifyBuilt(outside: DiskOutside, plan: RestorePlan, built: Built, data?: string): Promise<void> {
  const { place } = plan;
  const generation = await readGeneration(outside, { place, identity: plan.identity, data });
  const wrong: string[] = [];
  if (generation === undefined) wrong.push("it has no log");
  else {
    const { identity, snapshot, records } = generation.loaded;
    if (identity.instance !== plan.identity.instance || identity.name !== plan.identity.name)
      wrong.push("it is of another cluster");
    if (formatTag(snapshot.tag) !== formatTag(plan.tag) || records.length > 0) wrong.push("it has another tag");
    if (sha256(snapshot.hive) !== built.hive) wrong.push("its database is another one");
  }
  for (const { name, sha256: digest } of built.versions) {
    if (generation !== undefined && sha256(await generation.version(name)) !== digest) wrong.push(`${name} is damaged`);
  }
  if (wrong.length === 0) return;
  throw fail("IO_DEVICE", {
    happened: `Generation ${generationName(plan.identity)} built in ${place} is not what was written: ${wrong.join("; ")}.`,
    unchanged: asItWas,
    next: "Check the disk of the quorum, then restore again.",
  });
}

/** Takes away what was built of a restore that is abandoned; the file that makes it whole first. Never fails: a leftover harms nobody. */
export async function discardBuilt(outside: DiskOutside, plan: RestorePlan): Promise<void> {
  const { files } = outside;
  const name = generationName(plan.identity);
  const { path } = generationFolder(outside, plan.place, name);
  try {
    if ((await inForce(files, plan.place)) === name) return;
    await discardGeneration(outside, plan);
    if ((await files.stat(`${path}/quorum.json`)) !== undefined) await files.unlink(`${path}/quorum.json`);
    if ((await files.stat(path)) !== undefined) await removeTree(files, path);
  } catch {
    // It is not in force, and a later generation has a higher number.
  }
}
