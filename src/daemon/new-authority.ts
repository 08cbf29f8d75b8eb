/** A node begins anew with an authority of its own: after a restore on an empty machine, or when the old authority is not to be trusted. */
import { writeFileDurably } from "../base/durable.ts";
import { fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";
import { parseHostPort } from "../base/tls-address.ts";
import { readIfThere } from "../base/read-if-there.ts";
import { holderOf } from "../clusapi/ask-node.ts";
import { readNodeRecord, writeNodeRecord } from "../clusapi/node-record.ts";
import { fingerprintOf, newTrust, nodeCertificateLife, trustFileName, writeTrust } from "../trust/trust.ts";

/** What came of it. */
export interface NewAuthority {
  readonly node: string;
  /** SHA-256 of the new authority's certificate, lower-case hexadecimal. */
  readonly authority: string;
  readonly listen: readonly string[];
}

/** Where the certificates that were replaced are kept, beside the new ones. */
const keptName = `${trustFileName}.before`;

/**
 * Replaces the certificates of the node in this folder; `listen` replaces where it is reached. CLUSTER_NOT_INSTALLED when there is no node,
 * CLUSTER_NODE_UP while its service or host runs.
 */
export async function newAuthority(
  { files, random, clock }: Outside,
  data: string,
  listen: readonly string[] | undefined,
): Promise<NewAuthority> {
  const record = await readNodeRecord(files, data);
  if (record === undefined) {
    throw fail("CLUSTER_NOT_INSTALLED", { happened: `${data} holds no node.`, unchanged: "Nothing was changed." });
  }
  const holder = await holderOf(files, data);
  if (holder !== undefined) {
    throw fail("CLUSTER_NODE_UP", {
      happened: `The ${holder.whose} of node ${record.name} runs: it holds ${holder.path}.`,
      unchanged: "Nothing was changed.",
      next: `Stop it first: clubar node stop ${record.name}.`,
    });
  }
  const places = listen ?? record.listen ?? [];
  const hosts = places.map((place) => parseHostPort(place).host);
  const trust = await newTrust(random, clock.wall(), { node: record.node, hosts, life: nodeCertificateLife });
  const old = await readIfThere(files, `${data}/${trustFileName}`);
  if (old !== undefined) await writeFileDurably(files, `${data}/${keptName}`, old, 0o600);
  await writeTrust(files, data, trust);
  const { listen: _, ...others } = record;
  await writeNodeRecord(files, data, { ...others, ...(places.length === 0 ? {} : { listen: places }) });
  return { node: record.name, authority: fingerprintOf(trust.authority.certificate), listen: places };
}
