/** `clubar/vss`: the documented VSS model, for requesters, writers and providers. */
export { openVssCoordinator } from "./coordinator.ts";
export type { CoordinatorOptions, ProviderProperties, VssCoordinator, WriterSubscription } from "./coordinator.ts";
export { createVssBackupComponents } from "./requester.ts";
export type { RequesterOptions } from "./requester.ts";
export { createVssExamineWriterMetadata } from "./examine.ts";
export * from "./enumerations.ts";
export type * from "./backup-components.ts";
export type * from "./component.ts";
export type * from "./metadata.ts";
export type * from "./provider.ts";
export type * from "./writer.ts";
export { documentedLimits } from "./limits.ts";
export type { VssLimits } from "./limits.ts";
export { retryGuidance } from "./retry.ts";
export type { RetryGuidance } from "./retry.ts";
export { isFailed, moveOf, reachesFailed, writerMoves } from "./writer-state.ts";
export type { WriterEvent, WriterMove } from "./writer-state.ts";
export { requesterOrder } from "./requester-order.ts";
export type { OrderedCall, Phase } from "./requester-order.ts";
export { standardProviders } from "./providers/standard.ts";
export {
  createCopyProvider,
  createReflinkProvider,
  copyProviderId,
  reflinkProviderId,
} from "./providers/folder-copy.ts";
export type { FolderProviderOptions } from "./providers/folder-copy.ts";
export { readBackupComponents, writeBackupComponents } from "./backup-components-xml.ts";
export { readWriterMetadata, writeWriterMetadata } from "./writer-metadata-xml.ts";
export { btrfsProviderId, createBtrfsProvider } from "./providers/btrfs.ts";
export { createLvmProvider, lvmProviderId } from "./providers/lvm.ts";
export type { CommandOutside } from "./providers/command.ts";
