import type { ProcessIdentity } from "../base/outside.ts";
import type { ContainmentKind } from "./containment.ts";
import type { ResourceSpec } from "./host-engine.ts";
import type { ResourceEvent } from "./resource-state.ts";

export type { ResourceSpec } from "./host-engine.ts";
export { type ResourceEvent, type ResourceState, resourceState } from "./resource-state.ts";

/** The version of these messages; a service starts only hosts of its own installation, so they need no compatibility. */
export const protocolVersion = 1;

/** From the service to its host. Sent as one frame each, through rpc/json.ts. */
export type ToHost =
  | {
      readonly kind: "hello";
      readonly version: number;
      readonly node: string;
      readonly incarnation: string;
      readonly clusterInstance: string;
      /** The service process: killed by the host when it dies last. */
      readonly service: ProcessIdentity;
    }
  /** Sign of life; answered by `pong` with the same number. */
  | { readonly kind: "ping"; readonly number: number }
  | { readonly kind: "start"; readonly resource: ResourceSpec }
  | { readonly kind: "stop"; readonly resource: string }
  | { readonly kind: "terminate"; readonly resource: string }
  /** Answered by `terminated-all` when it is proven. */
  | { readonly kind: "terminate-all"; readonly request: number; readonly because: string }
  /** Answered by `status`. */
  | { readonly kind: "status"; readonly request: number }
  /** Something that this resource watches has changed. */
  | { readonly kind: "registry-changed"; readonly resource: string }
  /** Answer to `read-key`: the key as a hive (hive/write.ts); undefined when there is none. */
  | { readonly kind: "key"; readonly request: number; readonly hive: Uint8Array | undefined }
  /** Answer to `export-pem`. */
  | { readonly kind: "pem"; readonly request: number; readonly pem: string }
  /** Answer to `read-key` and `export-pem` when it failed: name and message of the Failure. */
  | { readonly kind: "request-failed"; readonly request: number; readonly name: string; readonly message: string }
  /** Renew the permit at the leader's host there. */
  | { readonly kind: "follow-leader"; readonly epoch: number; readonly hostEndpoint: string }
  /** This node leads: answer renewals and write the counter by `quorum.confirm(epoch)`. */
  | { readonly kind: "lead"; readonly epoch: number }
  | { readonly kind: "stop-leading" }
  /** Leader's host: this incarnation may renew. */
  | { readonly kind: "admit"; readonly node: string; readonly incarnation: string }
  /** Leader's host: this incarnation may not renew any more. */
  | { readonly kind: "expire"; readonly node: string; readonly incarnation: string }
  /** Leader's host: how long ago was this node answered last? Answered by `silence`. */
  | { readonly kind: "silence"; readonly request: number; readonly node: string };

/** From the host to its service. */
export type FromHost =
  | {
      readonly kind: "hello";
      readonly version: number;
      readonly host: ProcessIdentity;
      /** Where other hosts renew at this one. */
      readonly hostEndpoint: string;
      readonly containment: ContainmentKind;
      readonly containmentSentence: string;
    }
  | { readonly kind: "pong"; readonly number: number }
  | { readonly kind: "resource"; readonly event: ResourceEvent }
  /** A command that was not carried out: name and message of the Failure. */
  | {
      readonly kind: "refused";
      readonly resource: string;
      readonly ownershipGeneration: number;
      readonly name: string;
      readonly message: string;
    }
  | { readonly kind: "status"; readonly request: number; readonly resources: readonly ResourceEvent[]; readonly permit: PermitState }
  /** Proof: everything is stopped; `startsNothingMore` when the host has ended for good. */
  | { readonly kind: "terminated-all"; readonly request: number | undefined; readonly startsNothingMore: boolean }
  | { readonly kind: "permit"; readonly permit: PermitState }
  /** What a resource watches from now on: tell `registry-changed` when it changes. */
  | { readonly kind: "watch"; readonly resource: string; readonly keys: readonly string[]; readonly containers: readonly string[] }
  | { readonly kind: "read-key"; readonly request: number; readonly path: string }
  | { readonly kind: "export-pem"; readonly request: number; readonly container: string }
  /** The counter could not be confirmed under this epoch: the leadership is over. */
  | { readonly kind: "confirm-failed"; readonly epoch: number; readonly message: string }
  /** Milliseconds since `node` was answered last under the current epoch; undefined: not under this epoch. */
  | { readonly kind: "silence"; readonly request: number; readonly node: string; readonly silentFor: number | undefined };

/** The host's permission to run. `until` is boot time in milliseconds on this machine. */
export type PermitState =
  | { readonly kind: "none" }
  | { readonly kind: "held"; readonly until: number }
  | { readonly kind: "ended"; readonly at: number; readonly proven: boolean };
