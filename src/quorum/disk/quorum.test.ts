import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openOutside } from "../../base/outside-node.ts";
import { testQuorum } from "../../../test/conformance/quorum.ts";
import { createQuorumFolder, openDiskQuorum, switchQuorumFolder } from "./quorum.ts";

testQuorum("a directory", async () => {
  const outside = openOutside();
  const folder = await mkdtemp(join(tmpdir(), "clubar-quorum-"));
  const place = join(folder, "quorum");
  return {
    open: () => openDiskQuorum(outside, place),
    replace: async (identity, image, versions) => {
      await createQuorumFolder(outside, place, identity, image, versions);
      await switchQuorumFolder(outside, place, identity);
      await switchQuorumFolder(outside, place, identity);
    },
    // All handles are in this process; `real-processes.test.ts` kills real ones.
    kill: (_incarnation, leadership) => leadership.resign(),
    remove: () => rm(folder, { recursive: true }),
  };
});
