/** The nouns of the command line; the file of a noun is loaded when it is used. */
import { hiveNoun } from "./hive-noun.ts";
import type { Define } from "./verbs.ts";

/** A noun, or a verb without one. */
export interface Noun {
  /** With its arguments, as commander reads them. */
  readonly words: string;
  readonly summary: string;
  /** Where the help lists it. */
  readonly part: "Cluster" | "This node's data" | "Backup" | "Other";
  readonly load: () => Promise<Define>;
}

/** All of them, in the order of the help. */
export const nouns: readonly Noun[] = [
  {
    words: "service",
    summary: "Run this node's service in the foreground",
    part: "Cluster",
    load: async () => (await import("./commands/service.ts")).defineService,
  },
  {
    words: "status",
    summary: "Show the cluster's situation",
    part: "Cluster",
    load: async () => (await import("./commands/status.ts")).defineStatus,
  },
  {
    words: "doctor",
    summary: "What is wrong, what is not, what to do; needs no service",
    part: "Cluster",
    load: async () => (await import("./commands/doctor.ts")).defineDoctor,
  },
  {
    words: "cluster",
    summary: "Create, join, show, change the cluster",
    part: "Cluster",
    load: async () => (await import("./commands/cluster.ts")).defineCluster,
  },
  {
    words: "node",
    summary: "Nodes: pause, drain, resume, evict, fence, stop",
    part: "Cluster",
    load: async () => (await import("./commands/node.ts")).defineNode,
  },
  {
    words: "fence",
    summary: "Devices that make sure of a node's machine: add, test, show, remove",
    part: "Cluster",
    load: async () => (await import("./commands/fence.ts")).defineFence,
  },
  {
    words: "network",
    summary: "Networks: where nodes meet, and how well",
    part: "Cluster",
    load: async () => (await import("./commands/network.ts")).defineNetwork,
  },
  {
    words: "user",
    summary: "People who ask from other machines: certificates and rights",
    part: "Cluster",
    load: async () => (await import("./commands/user.ts")).defineUser,
  },
  {
    words: "group",
    summary: "Groups: create, online, offline, move",
    part: "Cluster",
    load: async () => (await import("./commands/group.ts")).defineGroup,
  },
  {
    words: "resource",
    summary: "Resources: create, parameters, dependencies, owners",
    part: "Cluster",
    load: async () => (await import("./commands/resource.ts")).defineResource,
  },
  {
    words: "disk",
    summary: "The disks that the nodes see",
    part: "Cluster",
    load: async () => (await import("./commands/disk.ts")).defineDisk,
  },
  {
    words: "checkpoint",
    summary: "Checkpoints of registry keys and key containers",
    part: "Cluster",
    load: async () => (await import("./commands/checkpoint.ts")).defineCheckpoint,
  },
  {
    words: "reg",
    summary: "The registry: query, add, delete, import, export",
    part: "This node's data",
    load: async () => (await import("./commands/reg.ts")).defineReg,
  },
  hiveNoun,
  {
    words: "key",
    summary: "Key containers: create, import, sign",
    part: "This node's data",
    load: async () => (await import("./commands/key.ts")).defineKey,
  },
  {
    words: "drive",
    summary: "Drives: which quorum folder a letter of `restore` means",
    part: "This node's data",
    load: async () => (await import("./commands/drive.ts")).defineDrive,
  },
  {
    words: "backup",
    summary: "b[ackup] CLUSTER PATH: back the cluster up; list sets",
    part: "Backup",
    load: async () => (await import("./commands/backup.ts")).defineBackup,
  },
  {
    words: "restore <path> [force] [drive]",
    summary: "r[estore] PATH [no]force [DRIVE]: put a backup in force",
    part: "Backup",
    load: async () => (await import("./commands/restore.ts")).defineRestore,
  },
  {
    words: "recover",
    summary: "Re-create checkpoints from what is live",
    part: "Backup",
    load: async () => (await import("./commands/recover.ts")).defineRecover,
  },
  {
    words: "vss",
    summary: "Back a node up by shadow copies and restore it, or its whole cluster",
    part: "Backup",
    load: async () => (await import("./commands/vss.ts")).defineVss,
  },
  {
    words: "verify <path>",
    summary: "Check a backup set, part by part; needs no service",
    part: "Backup",
    load: async () => (await import("./commands/verify.ts")).defineVerify,
  },
  {
    words: "prune",
    summary: "Clear away old copies that are kept aside; needs no service",
    part: "Backup",
    load: async () => (await import("./commands/prune.ts")).definePrune,
  },
  {
    words: "inspect <path>",
    summary: "Show what is in a backup set, hive or checkpoint file; needs no service",
    part: "Backup",
    load: async () => (await import("./commands/inspect.ts")).defineInspect,
  },
  {
    words: "diff <a> <b>",
    summary: "Compare two hives, checkpoints, sets, .reg files or live keys",
    part: "Backup",
    load: async () => (await import("./commands/diff.ts")).defineDiff,
  },
];
