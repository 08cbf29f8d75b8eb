/** Where things are in a simulated cluster, and what they are called. */
/** All nodes are on one machine, because a quorum directory wants one; where nodes are fenced, only people are on it. */
export const machine = "m";

/** The data folder of the node with this id. */
export const dataOf = (node: string): string => `/nodes/${node}`;

/** What disks and their resources are called. */
export const diskName = { old: "disk1", fresh: "disk2" } as const;

/** The setting that is changed all the time: a number as text, counting up. */
export const settingName = "SETTING";

/** The quorum folder, on the disk of the machine; a simulated etcd goes by the same name. */
export const quorumPlace = "/quorum/q";
