/** What a service needs of its own host for membership. `daemon/` implements it over a socket, `sim/` too. */
export interface HostLink {
  /** Where this host answers permit renewals when its node leads. */
  readonly endpoint: string;
  /** Renew the permit at this leader's host from now on. */
  follow(epoch: number, hostEndpoint: string): void;
  /** Renew it nowhere until the next `follow`: what this node was admitted for came to nothing. */
  stopFollowing(): void;
  /** Confirm this epoch in the quorum and answer renewals out of that, until `stopLeading`. */
  lead(epoch: number): Promise<void>;
  stopLeading(): void;
  /** What is granted in this epoch from now on lasts so long, in milliseconds. After it resolved nothing longer is granted. */
  grantFor(length: number): Promise<void>;
  /** Let a member's host have permits. */
  admit(node: string, incarnation: string): Promise<void>;
  /** No more permits for that host; the boot time of the last answer, undefined when it never had one in this epoch. */
  expire(node: string, incarnation: string): Promise<number | undefined>;
  /** Hosts that have not asked for longer than a permit lasts. */
  onSilence(handler: (node: string, incarnation: string) => void): void;
  /** The leader's host refused this host a permit: the node must join again. */
  onRefused(handler: () => void): void;
  /** The quorum no longer confirms the epoch that this host leads. */
  onSuperseded(handler: (epoch: number) => void): void;
  /** Resolves when the host has gone or can't be reached any more. */
  readonly ended: Promise<void>;
}
