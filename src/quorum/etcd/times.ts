/**
 * What etcd's election timeout means for times above it, in milliseconds. Measured on a 3-member etcd 3.4.23 whose leader was killed or
 * stopped, as seen by a client that goes on to the next member after 400 ms: writes were refused for at most 2.69 s with an election
 * timeout of 1000 ms, and for at most 0.45 s with 200 ms (docs/manual/etcd.md).
 */

/** Assumed where it is not known yet: etcd's default. */
const usualElection = 1000;

/** The longest time without writes that one election costs: the line through what was measured, and in proportion below it. */
export function electionGap(election: number = usualElection): number {
  return Math.max(2.25 * election, 2.8 * election - 110);
}

/** How long a call is tried: as long as a permit lasts, for after that nothing of it matters. */
export function patienceOf(election: number | undefined): number {
  return 2 * electionGap(election);
}

/** etcd grants no lease below ⌈1.5 × election timeout⌉ seconds: so what it grants instead of one second bounds the timeout. */
export function electionFromLease(grantedSeconds: number): number {
  return Math.floor((grantedSeconds * 1000) / 1.5);
}
