/** Why a member of etcd does not answer, in words, out of what gRPC and TLS say; and what to do. Pure. */

/** What this node shows of itself. */
export interface OwnCertificate {
  /** Of the authority that etcd's certificates are checked with. */
  readonly ca: string | undefined;
  readonly path: string | undefined;
  /** Wall time in milliseconds at which it ends; undefined when it can't be read. */
  readonly until: number | undefined;
}

/** A part of a sentence, and a whole one. */
export interface NoAnswer {
  readonly why: string;
  readonly next: string;
}

/** `message` is what the call at `address` was refused with. */
export function whyNoAnswer(address: string, message: string, own: OwnCertificate, now: number): NoAnswer {
  const say = (why: string, next: string): NoAnswer => ({ why: `${address} ${why}`, next });
  if (/alert (bad certificate|certificate|unknown ca|handshake failure)|CERTIFICATE_REQUIRED/i.test(message)) {
    const { path, until } = own;
    if (path === undefined)
      return say("wants a certificate of who asks, and none is named", "Name one: cert=PATH&key=PATH in --quorum.");
    if (until !== undefined && until <= now) {
      const ended = new Date(until).toISOString();
      return say(
        `refuses this node's certificate ${path}, which ended on ${ended}`,
        "Renew it, then start this node's service again.",
      );
    }
    return say(
      `refuses this node's certificate ${path}`,
      "Name one that etcd's --trusted-ca-file signed, for client authentication.",
    );
  }
  if (/Hostname\/IP does not match/.test(message)) {
    return say(
      "shows a certificate for other names",
      "Name the endpoint in --quorum as its certificate does, or give etcd a certificate for this name.",
    );
  }
  if (/certificate (has expired|is not yet valid)/.test(message))
    return say("shows a certificate that is out of date", "Renew etcd's own certificate; check this machine's clock.");
  if (/self.signed certificate|verify the first certificate|local issuer|issuer certificate/.test(message)) {
    const who = own.ca === undefined ? "no authority of this system" : `not the authority ${own.ca}`;
    return say(
      `shows a certificate that ${who} has signed`,
      "Say the authority of etcd's certificates: ca=PATH in --quorum. If that is right, something else answers there.",
    );
  }
  if (/wrong version number|packet length too long/.test(message))
    return say("speaks no TLS", "Begin the endpoints with http:// in --quorum, or give etcd a certificate.");
  if (/Failed to connect|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|Deadline exceeded|ENOTFOUND|resolution/i.test(message)) {
    return say(
      "does not answer",
      "See that etcd runs there, a majority of its members, that this machine reaches it, and whether it wants https://.",
    );
  }
  return say(`says: ${message}`, "Look into etcd's log there.");
}
