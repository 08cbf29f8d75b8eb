/** What Corosync and Pacemaker are told: their files and the resources of a bench. */
import type { StampAgent } from "../stamps.ts";

/** The file `corosync.conf`. `token` in milliseconds; undefined: Corosync's own times. */
export function corosyncConf(nodes: ReadonlyMap<string, string>, token: number | undefined): string {
  const times = token === undefined ? "" : `  token: ${token}\n  token_coefficient: 0\n`;
  const members = [...nodes].map(
    ([name, address], index) =>
      `  node {\n    ring0_addr: ${address}\n    name: ${name}\n    nodeid: ${index + 1}\n  }\n`,
  );
  return `totem {
  version: 2
  cluster_name: clubar-bench
  transport: knet
  crypto_cipher: none
  crypto_hash: none
${times}}
nodelist {
${members.join("")}}
quorum {
  provider: corosync_votequorum
}
system {
  move_to_root_cgroup: no
  allow_knet_handle_fallback: yes
}
logging {
  to_logfile: yes
  logfile: /var/log/corosync/corosync.log
  to_syslog: no
  timestamp: hires
}
`;
}

/**
 * The first database (CIB): no fencing, since there is no device here, and resources stay where they are. `dc-deadtime` is Pacemaker's wait
 * for others at the first start, 20 s by itself; the lab takes it out again before anything is measured.
 */
export const firstCib: string = `<cib crm_feature_set="3.0.14" validate-with="pacemaker-3.0" admin_epoch="0" epoch="1" num_updates="0">
<configuration><crm_config><cluster_property_set id="cib-bootstrap-options">
${nvpair("options", "stonith-enabled", "false")}${nvpair("options", "dc-deadtime", "2s")}
</cluster_property_set></crm_config><nodes/><resources/><constraints/>
<rsc_defaults><meta_attributes id="defaults">${nvpair("defaults", "resource-stickiness", "100")}</meta_attributes></rsc_defaults>
</configuration><status/></cib>
`;

function nvpair(id: string, name: string, value: string): string {
  return `<nvpair id="${id}-${name}" name="${name}" value="${value}"/>`;
}

/** A resource with the bench's agent, monitored every ten seconds as clubar does. */
export function primitive(agent: StampAgent, id: string, meta: Readonly<Record<string, string>> = {}): string {
  const [type = "", provider = ""] = agent.name.split(":").reverse();
  const pairs = Object.entries(meta).map(([name, value]) => nvpair(id, name, value));
  const attributes = pairs.length === 0 ? "" : `<meta_attributes id="${id}-meta">${pairs.join("")}</meta_attributes>`;
  const parameters = `<instance_attributes id="${id}-parameters">${nvpair(id, "log", agent.log)}</instance_attributes>`;
  const monitor = `<operations><op id="${id}-monitor" name="monitor" interval="10s" timeout="20s"/></operations>`;
  return `<primitive id="${id}" class="ocf" provider="${provider}" type="${type}">${attributes}${parameters}${monitor}</primitive>`;
}

/** Resources that start in this order, on one node. */
export function groupOf(agent: StampAgent, id: string, resources: number): string {
  const members = Array.from({ length: resources }, (_, index) => primitive(agent, `${id}-${index}`));
  return `<group id="${id}">${members.join("")}</group>`;
}
