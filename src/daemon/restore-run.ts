/** A restore on the node where somebody asked for it: plan, stop the others when forced, then between two lives the plan itself. */
import type { RestoreOutcome, RestorePlanView, RestoreRequest } from "../api/node-service.ts";
import { fail } from "../base/errors.ts";
import { nodeState } from "../database/schema.ts";
import type { ServiceNode } from "./service-node.ts";

/** One restore at a time. */
export class RestoreRun {
  readonly #service: ServiceNode;
  #running = false;

  constructor(service: ServiceNode) {
    this.#service = service;
  }

  /** Finishes a restore that was interrupted; called before the first life. */
  async resume(): Promise<void> {
    await Promise.resolve();
  }

  async plan(_request: RestoreRequest): Promise<RestorePlanView> {
    await Promise.resolve();
    throw fail("CALL_NOT_IMPLEMENTED", { happened: "Not there yet." });
  }

  async carryOut(_request: RestoreRequest): Promise<RestoreOutcome> {
    await Promise.resolve();
    void nodeState;
    void this.#service;
    void this.#running;
    throw fail("CALL_NOT_IMPLEMENTED", { happened: "Not there yet." });
  }
}
