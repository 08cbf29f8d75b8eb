/** What the web page asks of this node beside the API's own calls. */
import type { PageService } from "../api/page-service.ts";
import { listBackups, verifyBackup } from "../backup/backup.ts";
import { failureOf } from "../base/failure-of.ts";
import { isVssSet, verifyVssSet } from "../vss/cluster/read-set.ts";
import { Decisions } from "./decisions.ts";
import type { ServiceNode } from "./service-node.ts";

type Sets = Awaited<ReturnType<typeof listBackups>>;

/** For one node. */
export function pageService(service: ServiceNode): PageService {
  const { outside, data, quorum } = service.parts;
  const decisions = new Decisions(service.database, quorum);
  return {
    decisions: () => decisions.newest(),
    sets: async (folder) => {
      if (folder !== undefined) return listBackups(outside, folder);
      const places = [service.lastBackup()?.path, `${data}/safety`].filter((place) => place !== undefined);
      const found = await Promise.all(places.map((place) => setsIn(place)));
      return found.flat().sort((a, b) => b.time - a.time);
    },
    verify: async (path) =>
      (await isVssSet(outside.files, path)) ? verifyVssSet(outside, path) : verifyBackup(outside, path),
  };

  /** A set that somebody took away is no set; that it cannot be looked at is worth a word. */
  async function setsIn(place: string): Promise<Sets> {
    try {
      return await listBackups(outside, place);
    } catch (error) {
      const { name } = failureOf(error);
      if (name !== "PATH_NOT_FOUND") service.parts.log.warn("backup sets could not be listed", { place, error });
      return [];
    }
  }
}
