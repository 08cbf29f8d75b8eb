/**
 * What a node does whose cluster moved to another quorum. A living one goes along: host, permits and applications go on (docs/safety.md
 * §5.7).
 */
import { fail } from "../base/errors.ts";
import type { ClusterIdentity } from "../quorum/quorum.ts";
import { generationName } from "../quorum/rules.ts";
import type { HostClient } from "./host-client.ts";
import { notReady, rememberQuorum, settle } from "./quorum-ends.ts";
import type { ServiceNode } from "./service-node.ts";

/**
 * Looks where the cluster is; resolves with what is in force there when this life went along. First its host, so that it confirms in the
 * new place only before anybody joins or leads there. NOT_READY while that can't be told.
 */
export async function goAlong(service: ServiceNode, host: HostClient): Promise<ClusterIdentity | undefined> {
  const { outside, data, config, openQuorum, openEnds } = service.parts;
  if (openQuorum === undefined) return undefined;
  const settled = await settle(outside, config, openEnds);
  if (settled.state === "here") return undefined;
  if (settled.state !== "moved") throw notReady(settled.sentence);
  if (settled.from !== generationName(service.identity())) {
    service.life()?.stop("the cluster was moved from a generation that this life does not belong to");
    throw notReady(`Generation ${settled.from} was moved, and this life is of another one.`);
  }
  const { to, identity } = settled;
  const next = await openQuorum(to.place);
  const found = await next.identity();
  if (found?.instance !== identity.instance) {
    throw fail("CLUSTER_INSTANCE_ID_MISMATCH", {
      happened: `The cluster in ${to.place} is another one.`,
      next: "`clubar doctor` says what is in either place.",
    });
  }
  await host.useQuorum(to.place);
  await rememberQuorum(outside, data, to);
  service.useQuorum(next, identity);
  return identity;
}

/** Between two lives: true when the service is to begin anew, with the quorum to which the cluster moved. NOT_READY while it moves. */
export async function beginAnew(service: ServiceNode): Promise<boolean> {
  const { outside, data, config, openQuorum, openEnds } = service.parts;
  if (openQuorum === undefined) return false;
  const settled = await settle(outside, config, openEnds);
  if (settled.state === "here") return false;
  if (settled.state !== "moved") throw notReady(settled.sentence);
  await rememberQuorum(outside, data, settled.to);
  await service.restart();
  return true;
}
