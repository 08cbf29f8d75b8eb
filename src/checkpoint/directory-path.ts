/** Paths of directory checkpoints: absolute, or below `%NodeData%/apps`, which is in each node's own data folder. Pure. */
import { fail, type Failure } from "../base/errors.ts";

/** Stands for a node's data folder. Only `apps` in it is the applications'. */
const nodeData = "%NodeData%";
const nodeApps = `${nodeData}/apps`;
const longestPath = 4000;
const longestName = 255;
const kernels = new Set(["proc", "sys", "dev"]);

/** The path in the form that is stored; INVALID_PARAMETER when it can't be checkpointed anywhere. */
export function checkDirectoryPath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "");
  if (path.includes("\0")) throw badPath(path, "has a NUL in it");
  if (!path.startsWith("/") && parts[0]?.toLowerCase() !== nodeData.toLowerCase())
    throw badPath(path, "is not absolute");
  if (parts.some((part) => part === "." || part === "..")) throw badPath(path, 'has "." or ".." in it');
  if (path.length > longestPath || parts.some((part) => part.length > longestName)) throw badPath(path, "is too long");
  if (!path.startsWith("/")) {
    if (parts[1] !== "apps" || parts.length < 3)
      throw badPath(path, `is clubar's own: only what is below ${nodeApps} is an application's`);
    return [nodeData, ...parts.slice(1)].join("/");
  }
  if (parts.length < 2)
    throw badPath(path, "is a folder of the system itself, which can't be replaced as a whole: name one in it");
  if (kernels.has(parts[0] ?? "")) throw badPath(path, "is the kernel's, not on any disk");
  return `/${parts.join("/")}`;
}

function badPath(path: string, why: string): Failure {
  return fail("INVALID_PARAMETER", {
    happened: `The path "${path.slice(0, 200)}" can't be checkpointed: it ${why}.`,
    unchanged: "Nothing was changed.",
    next: `Give an absolute path like /srv/shop/settings, or ${nodeApps}/shop for one in each node's data folder.`,
  });
}

/** Where a stored path is on the node whose data folder this is. */
export function placeOf(path: string, dataFolder: string): string {
  return path.startsWith(`${nodeData}/`) ? `${dataFolder}${path.slice(nodeData.length)}` : path;
}

/** Whether a path is `above` itself or lies below it. */
export function isWithin(path: string, above: string): boolean {
  return path === above || path.startsWith(above === "/" ? "/" : `${above}/`);
}

/** Whether the place is, holds, or lies in what is clubar's own on this node. */
export function isOurs(place: string, dataFolder: string): boolean {
  return isWithin(dataFolder, place) || (isWithin(place, dataFolder) && !place.startsWith(`${dataFolder}/apps/`));
}
