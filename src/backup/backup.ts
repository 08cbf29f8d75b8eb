/** Backup sets: taking, checking, reading and listing them. The interface of this folder. */
export { cleanUp, untouched } from "./clean-up.ts";
export { deviceLayout } from "./device-layout.ts";
export type { DeviceLayout } from "./device-layout.ts";
export { refuseCheckpointed, refuseOwnFolders } from "./own-folders.ts";
export { inspectBackup, listBackups, readBackup } from "./read.ts";
export { removeTree, setFile } from "./set.ts";
export { type SwapLayout, type Workspace } from "./swap.ts";
export { finishBackup, openWorkspace, readSwap, swapIn } from "./swap.ts";
export type { SetVersion as BackupVersion } from "./judge.ts";
export { fileOfVersion, namedVersions } from "./named-versions.ts";
export type { NamedVersion } from "./named-versions.ts";
export { takeBackup } from "./take.ts";
export type { BackupResult, TakeBackup } from "./take.ts";
export { verifyBackup } from "./verify.ts";
export type { VerifyReport } from "./verify.ts";
export type { VerifyLine } from "./judge.ts";
export { prepareFolder, requireFolder, setPath, takeFailure } from "./place.ts";
