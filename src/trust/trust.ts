/** Who belongs to the cluster, and who may ask what of it. */
export type { KeyedCertificate } from "./certificate.ts";
export { addToken, describeNode, enrol, type Newcomer, removeUser, setUser } from "./changes.ts";
export { formatToken, type JoinToken, newSecret, parseToken, secretDigest, type TokenNode } from "./join-token.ts";
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
export { allRights, isRight, parseRights, type Right, rightMeaning } from "./rights.ts";
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
  type TrustedNode,
  trustedNodes,
  type TrustedUser,
  trustedUsers,
  userOfPeer,
} from "./trusted.ts";
