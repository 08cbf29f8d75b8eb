/** The one object from which all handles of a quorum in memory are made. */
import type { MemoryGeneration } from "./generation.ts";

/** The shared content and the knobs of tests. */
export interface MemoryStore {
  /** undefined before `create`. */
  current: MemoryGeneration | undefined;
  /** Whether the process with this service incarnation still lives; a test or the simulator sets it. True for all unless set. */
  isAlive: (incarnation: string) => boolean;
  /**
   * Called before each call of a handle with the call's name ("append", "confirm" …); what it returns is thrown.
   * A test or the simulator sets it; no faults unless set.
   */
  fault: (call: string) => Error | undefined;
}

/** An empty store: no cluster in it. */
export function createMemoryStore(): MemoryStore {
  return { current: undefined, isAlive: () => true, fault: () => undefined };
}
