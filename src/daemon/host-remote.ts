/** What a host needs to answer other machines: permit renewals, and nothing else. */
import type { Log } from "../base/log.ts";
import type { Listener, Outside } from "../base/outside.ts";
import type { RenewRequest } from "../membership/permit-keeper.ts";
import type { Handlers } from "../rpc/call.ts";
import type { TrustedNode } from "../trust/trust.ts";
import type { HostConfig } from "./host-config.ts";
import { toHost } from "./host-messages.ts";
import { mustBe, NodeTrust } from "./node-trust.ts";
import { hostPortOffset } from "../base/tls-address.ts";

/** Whom a host knows besides its service. */
export interface MembersMessage {
  /** Of the other nodes that are up. */
  readonly endpoints: readonly string[];
  /** Hosts in them that are on networks that are not for the cluster. */
  readonly keptOff: readonly string[];
}

/** Keys of the members by node id, as the service tells its host. */
export interface TrustedMessage {
  readonly nodes: Readonly<Record<string, string>>;
}

/** A host's end of the network. */
export interface HostRemote {
  /** Sockets of this machine and addresses of other hosts and services. */
  readonly outside: Outside;
  /** Where other hosts ask; undefined when they can't over the network. */
  readonly endpoint: string | undefined;
  trusted(message: TrustedMessage): Promise<void>;
  listen(renew: (request: RenewRequest) => Promise<unknown>): Promise<Listener | undefined>;
}

/** undefined for a node without certificates. Rejects as `NodeTrust.open`. */
export async function openHostRemote(outside: Outside, config: HostConfig, log: Log): Promise<HostRemote | undefined> {
  const { data, node, instance, listen = [] } = config;
  const trust = await NodeTrust.open({ outside, data, node, listen, offset: hostPortOffset });
  if (trust === undefined) return undefined;
  return {
    outside: { ...outside, net: trust.net(outside.net) },
    endpoint: trust.endpoint,
    async trusted({ nodes }) {
      await trust.reload().catch((error: unknown) => log.warn("the certificate could not be read again", { error }));
      const members = Object.entries(nodes).map(([id, key]): [string, TrustedNode] => [id, { key, addresses: [] }]);
      trust.follow(new Map(members));
    },
    listen: (renew) => {
      const handlers: Handlers = {
        [toHost.renew]: (body, { proof }) => {
          const request = body as RenewRequest;
          mustBe(proof, request.node);
          return renew(request);
        },
      };
      const onRefused = (from: string, why: string): void => log.warn("somebody was turned away", { from, why });
      return trust.serve(() => instance, handlers, { onRefused });
    },
  };
}
