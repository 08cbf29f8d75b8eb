/** What a service is made of; the real one is put together in `service.ts`, a simulated one in `sim/`. */
import type { Log } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import type { Checkpoints } from "../checkpoint/checkpoint.ts";
import type { Disks } from "../disks/disks.ts";
import type { ChangingQuorum } from "../quorum/changing.ts";
import type { Quorum } from "../quorum/quorum.ts";
import type { KeyContainers } from "../registry/key-containers.ts";
import type { Registry } from "../registry/registry.ts";
import type { ProgramStart } from "./host-start.ts";
import type { OpenEnds } from "./quorum-ends.ts";
import type { NodeTrust } from "./node-trust.ts";
import type { LivingDatabase } from "./living-database.ts";
import type { NodeRecord } from "../clusapi/node-record.ts";

/** Opened before the node is, closed after it. */
export interface ServiceParts {
  readonly outside: Outside;
  readonly log: Log;
  /** Absolute path of the node's data folder. */
  readonly data: string;
  readonly config: NodeRecord;
  readonly quorum: ChangingQuorum;
  /** Opens the one to which the cluster was moved; absent where clusters don't move while nodes live. */
  readonly openQuorum?: (place: string) => Promise<Quorum>;
  /** Opens the ends of a move; the real ones unless given. */
  readonly openEnds?: OpenEnds;
  readonly registry: Registry;
  readonly keys: KeyContainers;
  /** The machine's disks; absent where nobody looks at them. */
  readonly disks?: Disks;
  readonly hostProgram: ProgramStart;
  /** The words that start the process of a third party's type; without them neither modules nor parameters are looked at. */
  readonly typeRunner?: readonly string[];
  /** How other machines are talked to; absent for a node that only has sockets of its machine. */
  readonly trust?: NodeTrust;
  readonly makeCheckpoints: (database: LivingDatabase) => Checkpoints;
}
