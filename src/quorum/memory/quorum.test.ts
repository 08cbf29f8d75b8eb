import { testQuorum } from "../../../test/conformance/quorum.ts";
import { createMemoryStore, openMemoryQuorum, switchMemoryStore } from "./quorum.ts";

/** Yields to everything else that is ready. */
const timers = { sleep: (): Promise<void> => new Promise((resolve) => setImmediate(resolve)) };

testQuorum("memory", async () => {
  const store = createMemoryStore();
  const dead = new Set<string>();
  store.isAlive = (incarnation) => !dead.has(incarnation);
  return {
    open: async () => openMemoryQuorum(store, { timers }),
    replace: async (identity, image, versions) => switchMemoryStore(store, identity, image, versions),
    kill: async (incarnation) => void dead.add(incarnation),
    remove: async () => undefined,
  };
});
