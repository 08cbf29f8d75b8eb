/** What a service tells the host that it starts; one command-line argument as JSON. Nothing in it is secret. */
import type { ProcessIdentity } from "../base/outside.ts";

/** All that a host needs to begin. */
export interface HostConfig {
  /** The node's data folder. */
  readonly data: string;
  readonly node: string;
  readonly incarnation: string;
  /** ClusterInstanceID. */
  readonly instance: string;
  /** The quorum folder. */
  readonly quorum: string;
  readonly insist: boolean;
  readonly timingFactor: number;
  readonly service: ProcessIdentity;
  /** `HOST:PORT` of the node's service, when it is reached over the network. */
  readonly listen?: readonly string[];
  /** Of the cluster; with the ownership generation of a group it tells a former owner's application from its successor. */
  readonly generation?: number;
  /** The machine's watchdog, which this host feeds; `timeout` in milliseconds where the kernel does not say it, else 0. */
  readonly watchdog?: { readonly device: string; readonly timeout: number };
}

/** Where the processes of a node meet, below its data folder. */
export const socketPath = {
  rpc: (data: string): string => `${data}/run/rpc.sock`,
  host: (data: string): string => `${data}/run/host.sock`,
  api: (data: string): string => `${data}/run/api.sock`,
} as const;

/** The data folder of the node that answers there; undefined when the endpoint is of another kind. */
export function dataOfEndpoint(endpoint: string): string | undefined {
  return /^(\/.*)\/run\/rpc\.sock$/.exec(endpoint)?.[1];
}
