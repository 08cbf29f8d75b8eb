/** Mounts where nothing can be mounted: the mount point becomes a symbolic link to a folder beside the image. */
import { fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";
import type { Disks } from "./disks.ts";
import { sourceOf } from "./image-source.ts";

/** `<image>.<offset>` holds what is on the partition, `<image>.<offset>.used` where it is mounted. */
export function openSimulatedMounts({
  files,
}: Outside): Pick<Disks, "mount" | "unmount" | "mountedAt" | "isAt" | "inUse"> {
  const contentOf = (source: string): string => {
    const { image, offset } = sourceOf(source);
    return `${image}.${offset}`;
  };
  const linkAt = async (point: string): Promise<string | undefined> =>
    (await files.stat(point))?.kind === "link" ? files.readLink(point) : undefined;
  const holder = async (content: string): Promise<string | undefined> => {
    if ((await files.stat(`${content}.used`)) === undefined) return undefined;
    const [, point = ""] = new TextDecoder().decode(await files.read(`${content}.used`)).split("\n");
    // A mount that was cut short left the word, but no link.
    return (await linkAt(point)) === content ? point : undefined;
  };
  return {
    async mount(source, point, started, signal) {
      await started(undefined);
      if (signal.aborted) throw fail("CANCELLED", { happened: "The mount was broken off." });
      const content = contentOf(source);
      if ((await holder(content)) !== undefined) {
        throw fail("RESOURCE_FAILED", {
          happened: "The partition is mounted elsewhere.",
          unchanged: "Nothing was mounted.",
        });
      }
      await files.unlink(`${content}.used`).catch(() => undefined);
      const used = await files.open(`${content}.used`, "create");
      await used.write(new TextEncoder().encode(`${source}\n${point}\n`));
      await used.close();
      await files.makeFolder(content);
      await files.removeFolder(point);
      await files.makeLink(content, point);
    },
    async unmount(point) {
      const content = await linkAt(point);
      if (content === undefined) return;
      await files.unlink(point);
      await files.makeFolder(point);
      await files.unlink(`${content}.used`).catch(() => undefined);
    },
    isAt: async (source, point) => (await linkAt(point)) === contentOf(source),
    async mountedAt(point) {
      const content = await linkAt(point);
      if (content === undefined) return undefined;
      const used = await files.read(`${content}.used`).catch(() => new Uint8Array());
      return new TextDecoder().decode(used).split("\n")[0] || content;
    },
    async inUse(source) {
      const point = await holder(contentOf(source));
      return point === undefined ? undefined : `it is mounted at ${point}`;
    },
  };
}
