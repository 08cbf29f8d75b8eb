/**
 * The documented properties of WSFC's objects with types, ranges and defaults (facts §6.3, generated there from Microsoft's
 * attribute tables), as far as they mean something here or are commonly set; others are kept as they are.
 * `docs/reference/properties.md` is made from this file by `tools/generate-properties.mjs`.
 */
import { number, other, type PropertySpec, readOnly } from "./property-spec.ts";
import { minusOne } from "./schema.ts";

/** What has common properties. */
export type ObjectKind = "cluster" | "node" | "group" | "resource" | "resourceType" | "network";

const cluster: readonly PropertySpec[] = [
  other("Description", "sz", "For people."),
  other("Security Descriptor", "binary", "Who may administer the cluster, as a self-relative security descriptor."),
  number("DefaultNetworkRole", 0, 3, 3, "Role of new networks."),
  number("QuorumArbitrationTimeMax", 1, 3600, 20, "Seconds that taking the quorum may last."),
  number("QuorumArbitrationTimeMin", 1, 3600, 7, "Seconds before the quorum is challenged."),
  number("FixQuorum", 0, 1, 0, "The quorum was forced.", readOnly),
  number("PreventQuorum", 0, 1, 0, "This node must not form the cluster.", readOnly),
  number("DynamicQuorum", 0, 1, 1, "Votes follow membership."),
  number("BackupInProgress", 0, 1, 0, "A backup is being taken."),
  number("IgnorePersistentStateOnStartup", 0, 1, 0, "Groups stay offline when the cluster starts."),
  number("ShutdownTimeoutInMinutes", 0, 1440, 20, "Minutes that a stopping node waits for its groups."),
  number("ClusterGroupWaitDelay", 0, 3600, 120, "Seconds that a starting cluster waits for its preferred node."),
  number("AddEvictDelay", 0, 600, 60, "Seconds between a failure and the change of membership."),
  number("RequestReplyTimeout", 5, 1440, 60, "Minutes that a request waits for its answer."),
  number("SameSubnetDelay", 250, 2000, 1000, "Milliseconds between heartbeats."),
  number("SameSubnetThreshold", 3, 120, 5, "Heartbeats that may be missed."),
  number("CrossSubnetDelay", 250, 4000, 1000, "Milliseconds between heartbeats across subnets."),
  number("CrossSubnetThreshold", 3, 120, 5, "Heartbeats across subnets that may be missed."),
  number("ClusterEnforcedAntiAffinity", 0, 1, 0, "Anti-affinity holds even if a group stays without a node."),
  number("ClusterFunctionalLevel", 0, minusOne, 0, "Version that all nodes speak.", readOnly),
  number("ClusterLogLevel", 0, 5, 3, "How much is logged."),
  number("ClusterLogSize", 8, 1024, 300, "Megabytes of log that are kept."),
  number("RetentionCount", 1, 1000, 5, "Of each thing that is kept aside, the newest so many stay (`clubar prune`)."),
  number("RetentionDays", 1, 36_500, 30, "What is kept aside and younger stays (`clubar prune`)."),
  number("GroupDependencyTimeout", 0, minusOne, 600, "Seconds that a group waits for one that it depends on."),
  number("DrainOnShutdown", 0, 1, 1, "A stopping node moves its groups first."),
  number("QuarantineThreshold", 0, minusOne, 3, "Failures within an hour after which a node is quarantined."),
  number("QuarantineDuration", 0, minusOne, 0, "Seconds of quarantine."),
  number("ResiliencyLevel", 1, 2, 1, "1: isolated nodes keep their groups only after a known failure; 2: always."),
  number("ResiliencyDefaultPeriod", 0, minusOne, 240, "Seconds that an isolated node keeps its groups."),
];

const node: readonly PropertySpec[] = [
  other("NodeName", "sz", "Name of the node.", readOnly),
  other("Description", "sz", "For people."),
  number("NodeHighestVersion", 0, minusOne, 0, "Newest version that the node speaks.", readOnly),
  number("NodeLowestVersion", 0, minusOne, 0, "Oldest version that the node speaks.", readOnly),
  number("MajorVersion", 0, minusOne, 0, "Of the software.", readOnly),
  number("MinorVersion", 0, minusOne, 0, "Of the software.", readOnly),
  number("BuildNumber", 0, minusOne, 0, "Of the software.", readOnly),
  other("CSDVersion", "sz", "Of the software.", readOnly),
  number("NodeWeight", 0, 1, 1, "Votes of the node. The quorum here is a place, so votes are kept for others only."),
  number("DynamicWeight", 0, 1, 0, "Votes that count now.", readOnly),
  number("NodeDrainStatus", 0, 3, 0, "0 not asked, 1 goes on, 2 done, 3 failed. Runtime, never in a backup.", readOnly),
  number("NodeDrainTarget", 0, minusOne, minusOne, "Where a drain moves groups. Runtime, never in a backup.", readOnly),
  other("FaultDomainId", "sz", "Rack, chassis or site."),
  number("EnableEventLogReplication", 0, 1, 1, "Events are shown on all nodes."),
];

const group: readonly PropertySpec[] = [
  other("Name", "sz", "Name of the group; changed by renaming.", readOnly),
  other("Description", "sz", "For people."),
  number("GroupType", 100, 9999, 9999, "Kind of application.", readOnly),
  number("PersistentState", 0, 1, 0, "1: the group is to be online."),
  number(
    "FailoverThreshold",
    0,
    minusOne,
    minusOne,
    "Failovers within the period after which it is left failed; 4294967295: number of nodes − 1.",
  ),
  number("FailoverPeriod", 0, 1193, 6, "Hours."),
  number("AutoFailbackType", 0, 1, 0, "1: goes back to its preferred owner."),
  number("FailbackWindowStart", 0, 23, minusOne, "Hour of the day from which it goes back; 4294967295: any time.", {
    also: minusOne,
  }),
  number("FailbackWindowEnd", 0, 23, minusOne, "Hour of the day until which it goes back; 4294967295: any time.", {
    also: minusOne,
  }),
  other("AntiAffinityClassNames", "multi-sz", "Groups that share one of these avoid each other's node."),
  number("Priority", 0, 4999, 2000, "Higher goes first; 0: is not started automatically."),
  number("DefaultOwner", 0, 512, minusOne, "Node it was made for.", { also: minusOne }),
  number("ColdStartSetting", 0, 2, 0, "Whether it starts with the cluster."),
  number("GroupStartDelay", 0, 1_800_000, 0, "Milliseconds."),
  other("PreferredSite", "sz", "Site it prefers."),
  other("CCFEpoch", "qword", "Of cross-cluster features."),
  number("ResiliencyPeriod", 0, minusOne, 0, "Seconds on an isolated node."),
  other("StatusInformation", "qword", "Flags.", readOnly),
];

const resource: readonly PropertySpec[] = [
  other("Name", "sz", "Name of the resource; changed by renaming.", readOnly),
  other("Type", "sz", "Resource type; given at creation.", readOnly),
  other("Description", "sz", "For people."),
  other("DebugPrefix", "sz", "Debugger for its host."),
  number("SeparateMonitor", 0, 1, 0, "Has a host of its own."),
  number("PersistentState", 0, 1, 0, "1: is to be online; 4294967295: as its group.", { also: minusOne }),
  number("LooksAlivePollInterval", 10, minusOne, minusOne, "Milliseconds; 4294967295: the type's."),
  number("IsAlivePollInterval", 10, minusOne, 60_000, "Milliseconds; 4294967295: the type's."),
  number("RestartAction", 0, 2, 2, "After a failure: 0 nothing, 1 restart, 2 restart, then fail the group over."),
  number("RestartThreshold", 0, minusOne, 3, "Restarts within the period."),
  number("RestartPeriod", 0, minusOne, 900_000, "Milliseconds."),
  number("RestartDelay", 0, minusOne, 500, "Milliseconds before a restart."),
  number(
    "RetryPeriodOnFailure",
    0,
    minusOne,
    3_600_000,
    "Milliseconds until a failed resource is tried again, at least RestartPeriod; 4294967295: never.",
  ),
  number("PendingTimeout", 10, minusOne, 180_000, "Milliseconds that coming online or going offline may last."),
  number("DeadlockTimeout", 1000, minusOne, 300_000, "Milliseconds after which a call into the type counts as hung."),
  number("EmbeddedFailureAction", 0, 2, 2, "For virtual machines."),
  number(
    "CheckpointFailureAction",
    0,
    2,
    1,
    "When a checkpoint can't be put in place before online: 0 stays offline; 1 with a lost file comes online, with what is live, only on " +
      "the node that has the newest settings; 2 comes online anywhere with what is live (events 1024, 1121). clubar's own.",
  ),
  number("MonitorProcessId", 0, minusOne, 0, "Process of its host.", readOnly),
  other("StatusInformation", "qword", "Flags.", readOnly),
  other("LastOperationStatusCode", "qword", "Result of the last call.", readOnly),
  other("ResourceSpecificData1", "qword", "Of the type.", readOnly),
  other("ResourceSpecificStatus", "sz", "Of the type."),
];

const resourceType: readonly PropertySpec[] = [
  other("Name", "sz", "Display name."),
  other("Description", "sz", "For people."),
  other("DllName", "sz", "Where the type's code is; empty: built in.", readOnly),
  number("LooksAlivePollInterval", 1, minusOne, 5000, "Milliseconds."),
  number("IsAlivePollInterval", 1, minusOne, 60_000, "Milliseconds."),
  number("PendingTimeout", 10, minusOne, 180_000, "Milliseconds."),
  number("DeadlockTimeout", 30_000, minusOne, 300_000, "Milliseconds."),
  other("DumpPolicy", "qword", "What is kept of a crash."),
  other("AdminExtensions", "multi-sz", "Class ids of tools."),
  number(
    "DiesWithHost",
    0,
    1,
    0,
    "1: the kernel ends it with its host, so a dead node's resource is certainly stopped. clubar's own.",
    readOnly,
  ),
];

const network: readonly PropertySpec[] = [
  other("Name", "sz", "Display name.", readOnly),
  other("Description", "sz", "For people."),
  other("Address", "sz", "Of the subnet.", readOnly),
  other("AddressMask", "sz", "Of the subnet.", readOnly),
  number(
    "Role",
    0,
    3,
    3,
    "Who uses it: 0 nobody, 1 nodes among themselves (heartbeats and calls), 2 clients (addresses of groups), 3 both.",
  ),
];

/** The common properties by kind of object. */
export const commonProperties: Readonly<Record<ObjectKind, readonly PropertySpec[]>> = {
  cluster,
  node,
  group,
  resource,
  resourceType,
  network,
};
