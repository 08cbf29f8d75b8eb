/** Where a node's data folder is when nobody says. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/**
 * The absolute path of the data folder: `given`, else the environment's CLUBAR_DATA, else /var/lib/clubar for root and
 * ~/.local/state/clubar for everybody else.
 */
export function dataFolder(given?: string): string {
  const named = given ?? process.env["CLUBAR_DATA"];
  if (named !== undefined && named !== "") return resolve(named);
  return process.geteuid?.() === 0 ? "/var/lib/clubar" : join(homedir(), ".local/state/clubar");
}
