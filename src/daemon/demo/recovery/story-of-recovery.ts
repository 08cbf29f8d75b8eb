/** The bad days of a cluster, one after the other, each on the same three nodes: what is broken, who mends it, what is served then. */
import type { Story } from "../story.ts";
import { bringServiceOnline } from "../step-2-service.ts";
import { formCluster, seconds } from "../step-1-form.ts";
import { nothingIsWrong } from "./doctor.ts";
import type { Web } from "../web.ts";
import { type RecoverByPage, recoverByCommand, recoverOnThePage } from "./lost-checkpoints.ts";
import { forceFromCopy, restoreFromSet } from "./lost-quorum.ts";
import { rollBack } from "./roll-back.ts";
import { Served } from "./served.ts";
import { wipeDisk } from "./wiped-disk.ts";

/** One of them. */
export interface Chapter {
  readonly title: string;
  /** Prints what was done, how long it took and what is answered; rejects when anything is not as it must be. */
  readonly play: () => Promise<void>;
}

/** In the order in which they are to be played; the first forms the cluster. `recoverByPage` is given the address of the web page. */
export function recoveryChapters(story: Story, web: Web, recoverByPage: RecoverByPage): readonly Chapter[] {
  const served = new Served(story, web);
  const chapter = (title: string, work: () => Promise<string>): Chapter => ({
    title,
    play: async () => {
      story.heading(title);
      const begun = performance.now();
      const what = await work();
      const answer = await served.answer();
      story.line(`⇒ ${what} ${seconds(begun)}. ${answer}`);
      story.own.scan();
    },
  });
  return [
    {
      title: "a cluster with a web service",
      play: async () => {
        await formCluster(story);
        for (const node of story.nodes) await served.configure(node);
        await bringServiceOnline(story, web);
        await served.begin();
      },
    },
    chapter("All checkpoint files deleted; recovered by command", () => recoverByCommand(story, served)),
    chapter("All checkpoint files deleted again; recovered through the web page", () =>
      recoverOnThePage(story, served, recoverByPage),
    ),
    chapter("The quorum folder emptied; the service re-formed from a set", () => restoreFromSet(story, served)),
    chapter("The quorum folder emptied again; re-formed from the newest copy", () => forceFromCopy(story, served)),
    chapter("The disk of one node wiped; restored, rejoined", () => wipeDisk(story, served)),
    chapter("The whole cluster rolled back in time", () => rollBack(story, served)),
    chapter("What the doctor says of it all", async () => {
      served.end();
      return nothingIsWrong(story);
    }),
  ];
}
