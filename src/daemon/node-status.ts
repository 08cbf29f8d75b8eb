/** A node as it answers others that ask how it is. */
import type { ServiceNode } from "./service-node.ts";

/** What a node says of itself to other nodes. */
export interface NodeStatusAnswer {
  readonly node: string;
  readonly incarnation: string;
  readonly generation: number;
  readonly state: string;
  /** Of the database's tag. */
  readonly sequence: number;
  /** Milliseconds that its host may still run applications without another word. */
  readonly permitLeft: number;
}

/** Of this very moment. */
export function nodeStatus(service: ServiceNode): NodeStatusAnswer {
  const { incarnation, state, tag, permitEndsAt, nowBoot } = service.status();
  const { generation, sequence } = tag;
  return {
    node: service.node.id,
    incarnation,
    generation,
    state,
    sequence,
    permitLeft: Math.max(0, permitEndsAt - nowBoot),
  };
}
