/** Who belongs to the cluster, and who may ask what of it. */
export type { KeyedCertificate } from "./certificate.ts";
export { addToken, describeNode, enrol, removeUser, setLocalUser, setUser } from "./changes.ts";
export { formatToken, type JoinToken, newSecret, parseToken, type TokenNode } from "./join-token.ts";
export {
  certificateFor,
  nodeCertificate,
  nodeCertificateLife,
  type NodeTerms,
  renewalTime,
  renewed,
  whyRenew,
} from "./renewal.ts";
export { newTrust } from "./new-trust.ts";
export { allRights, parseRights, type Right } from "./rights.ts";
export {
  fingerprintOf,
  materialOf,
  ownKey,
  readTrust,
  type TrustFile,
  trustFileName,
  writeTrust,
} from "./trust-file.ts";
export {
  isTrustedNode,
  localPrefix,
  type TrustedNode,
  trustedNodes,
  trustedUsers,
  userOfPeer,
} from "./trusted.ts";
