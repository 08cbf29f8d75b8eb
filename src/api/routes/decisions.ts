import { formatTag } from "../../quorum/tag.ts";
import type { PageService } from "../page-service.ts";
import { type ApiRoutes, routes } from "../request.ts";

/** One line of GET /decisions. */
export interface DecisionView {
  readonly tag: string;
  /** Wall time in milliseconds. */
  readonly time: number;
  /** One sentence: what and why. */
  readonly because: string;
}

/** GET /decisions: the newest updates that this node or the quorum's log knows of, the newest first. */
export function decisions(page: PageService): ApiRoutes {
  return routes().get("/", async (context) => {
    const views = (await page.decisions()).map(
      ({ tag, time, because }): DecisionView => ({ tag: formatTag(tag), time, because }),
    );
    return context.json(views.reverse());
  });
}
