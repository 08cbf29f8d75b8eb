/**
 * What the loss of one machine would cost more than it must: too few members of etcd, groups that nobody could take over; and
 * what keeps it from letting go of disks. Pure.
 */
import type { DoctorFacts } from "./doctor-facts.ts";
import { type Finding, note, warning } from "./doctor-finding.ts";

const threeMembers = "Three members, on three machines, go on without any one of them (docs/manual/etcd.md).";

/** An etcd that is smaller than it should be, or that not all of is there. */
export function judgeEtcd({ quorum }: DoctorFacts): Finding[] {
  if ("notChecked" in quorum || quorum.members === undefined) return [];
  const { voters, endpoints, silent } = quorum.members;
  const findings: Finding[] = [];
  if (voters === 1) {
    const sentence = "The etcd of the quorum has one member.";
    const lost = "When it is lost nothing can be changed, and what runs ends with its permit.";
    findings.push(warning("etcd-members", sentence, `${lost} ${threeMembers}`));
  } else if (voters === 2) {
    const sentence = "The etcd of the quorum has two members, and their majority is two.";
    const lost = "When either is lost nothing can be changed, and what runs ends with its permit.";
    findings.push(warning("etcd-members", sentence, `${lost} ${threeMembers}`));
  } else if (voters !== undefined && endpoints < voters) {
    const sentence = `The quorum's place names ${endpoints} of etcd's ${voters} members.`;
    findings.push(
      note("etcd-endpoints", sentence, "A node that reaches none of those loses the quorum; name all of them."),
    );
  }
  if (silent.length > 0) {
    const rest = "The others are a majority. Look after it before another one is lost.";
    findings.push(warning("etcd-silent", `etcd does not answer at ${silent.join(", ")}.`, rest));
  }
  return findings;
}

/** Groups whose resources outlive their host, on machines that nothing can switch off (docs/manual/fencing.md). */
export function judgeFencing({ outliving, command }: DoctorFacts): Finding[] {
  if (outliving === undefined || outliving.resources.length === 0 || outliving.unfenced.length === 0) return [];
  const { resources, unfenced } = outliving;
  const [first = ""] = unfenced;
  return [
    warning(
      "no-fence-device",
      `Nothing can switch off the machine of ${listed(unfenced)}.`,
      `${listed(resources)} may outlive the host there: when such a machine falls silent, their groups wait until it is back ` +
        "or a person confirms that it is off.",
      [
        {
          command: `${command} fence add ${first} AGENT ip=…`,
          why: "give the node a fence device (fence list, fencing.md)",
          rank: 55,
        },
      ],
    ),
  ];
}

/** File systems that programs' containers keep when they are unmounted (monitor/shared-mounts.ts). */
export function judgeMounts({ keptMounts = [] }: DoctorFacts): Finding[] {
  if (keptMounts.length === 0) return [];
  const command = "mount --make-rshared /";
  const why = "share the mounts of this machine, at every boot before the service, which then is restarted";
  return [
    note(
      "kept-mounts",
      "/ is no shared mount on this machine, so programs keep file systems that were mounted when they began.",
      `${listed(keptMounts)} can't be taken offline here before such programs of all groups have ended.`,
      [{ command, why, rank: 56 }],
    ),
  ];
}

function listed(names: readonly string[]): string {
  const [some, more] = [names.slice(0, 4), names.length - 4];
  return more > 0 ? `${some.join(", ")} and ${more} more` : some.join(", ");
}
