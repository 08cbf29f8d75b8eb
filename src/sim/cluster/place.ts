/** The quorum folder, on the disk of the machine; a simulated etcd goes by the same name. */
export const quorumPlace = "/quorum/q";
