/** The requester's side of one backup or restore. */
import { fail } from "../base/errors.ts";
import type {
  DeletedSnapshots,
  SnapshotProperties,
  VssBackupComponents,
  VssExamineWriterMetadata,
  WriterStatus,
} from "./backup-components.ts";
import type { WriterComponents } from "./component.ts";
import { ComponentStore } from "./component-store.ts";
import { needComplete, needIncludable } from "./component-rules.ts";
import { Coordinator, type VssCoordinator } from "./coordinator.ts";
import { readBackupComponents, writeBackupComponents } from "./backup-components-xml.ts";
import { doSnapshotSet } from "./do-snapshot-set.ts";
import {
  backupSchema,
  backupType as backupTypes,
  restoreTarget,
  snapshotAttributes,
  snapshotContext,
  type BackupType,
  type ComponentType,
  type FileRestoreStatus,
  type ObjectType,
  type RestoreType,
} from "./enumerations.ts";
import { examine } from "./examine.ts";
import type { FileSet, WriterMetadata } from "./metadata.ts";
import { RequesterCore, badState, metadataOf, type Of } from "./requester-core.ts";
import { propertiesOf } from "./shadow-copies.ts";
import type { Session, WriterChoice } from "./session.ts";

/** What a requester may say besides the calls. */
export interface RequesterOptions {
  /** When it is aborted the requester is gone: as `abortBackup` and `release`. */
  readonly signal?: AbortSignal;
}

/** One backup or one restore with this coordinator. Throws INVALID_PARAMETER for a coordinator not made by `openVssCoordinator`. */
export function createVssBackupComponents(
  coordinator: VssCoordinator,
  options: RequesterOptions = {},
): VssBackupComponents {
  if (!(coordinator instanceof Coordinator))
    throw fail("INVALID_PARAMETER", { happened: "The coordinator was not made by openVssCoordinator." });
  const requester = new Requester(coordinator);
  const gone = (): void => void requester.release();
  if (options.signal?.aborted === true) gone();
  options.signal?.addEventListener("abort", gone, { once: true });
  return requester;
}

class Requester implements VssBackupComponents {
  readonly #core: RequesterCore;
  readonly #session: Session;
  #choice: WriterChoice = { enabled: undefined, disabled: [], disabledInstances: [] };
  #statuses: readonly WriterStatus[] | undefined;

  constructor(coordinator: Coordinator) {
    this.#core = new RequesterCore(coordinator);
    this.#session = this.#core.session;
  }

  initializeForBackup(): void {
    this.#core.now("initializeForBackup", () => undefined);
  }

  initializeForRestore(document: string): void {
    this.#core.now("initializeForRestore", () => {
      const { backupState, writers } = readBackupComponents(document);
      this.#session.state = backupState;
      this.#session.store = new ComponentStore(writers);
    });
  }

  setContext(context: number): void {
    this.#core.now("setContext", () => {
      const { ALL: _, ...allowed } = snapshotContext;
      if (!Object.values(allowed).some((each) => each === context)) {
        throw fail("VSS_E_UNSUPPORTED_CONTEXT", {
          happened: `The context 0x${context.toString(16)} is not supported.`,
          unchanged: "The context is as it was.",
        });
      }
      this.#session.context = context;
    });
  }

  setBackupState(selectComponents: boolean, bootableSystemState: boolean, type: BackupType, partial = false): void {
    this.#core.now("setBackupState", () => {
      if (type === backupTypes.UNDEFINED || !Object.values(backupTypes).includes(type))
        throw fail("INVALID_PARAMETER", { happened: `There is no backup type ${type}.` });
      this.#session.state = { selectComponents, bootableSystemState, backupType: type, partialFileSupport: partial };
    });
  }

  enableWriterClasses(writerIds: readonly string[]): void {
    this.#core.now("enableWriterClasses", () => {
      this.#choice = { ...this.#choice, enabled: [...(this.#choice.enabled ?? []), ...writerIds] };
    });
  }

  disableWriterClasses(writerIds: readonly string[]): void {
    this.#core.now("disableWriterClasses", () => {
      this.#choice = { ...this.#choice, disabled: [...this.#choice.disabled, ...writerIds] };
    });
  }

  disableWriterInstances(instanceIds: readonly string[]): void {
    this.#core.now("disableWriterInstances", () => {
      const disabledInstances = [...this.#choice.disabledInstances, ...instanceIds];
      this.#choice = { ...this.#choice, disabledInstances };
    });
  }

  gatherWriterMetadata(): Promise<void> {
    return this.#core.run("gatherWriterMetadata", async () => {
      const none = (this.#session.context & snapshotAttributes.NO_WRITERS) !== 0;
      await this.#session.identify(none ? { ...this.#choice, enabled: [] } : this.#choice);
      this.#core.adoptInstances();
    });
  }

  getWriterMetadataCount(): number {
    return this.#core.now("getWriterMetadata", () => this.#session.identified().length);
  }

  getWriterMetadata(index: number): VssExamineWriterMetadata {
    return this.#core.now("getWriterMetadata", () => examine(metadataOf(at(this.#session.identified(), index))));
  }

  freeWriterMetadata(): void {
    this.#core.now("getWriterMetadata", () => undefined);
  }

  addComponent(
    instanceId: string,
    writerId: string,
    componentType: ComponentType,
    logicalPath: string | undefined,
    componentName: string,
  ): void {
    this.#core.now("addComponent", () => {
      const { state } = this.#session;
      if (state?.selectComponents !== true) throw badState("addComponent", "setBackupState has not chosen components");
      const key = { componentType, logicalPath, componentName };
      const participant = this.#core.byInstance(instanceId, writerId);
      needIncludable(metadataOf(participant), key);
      const { writerName } = participant.session.writer.identity;
      this.#session.store.add({ writerId, instanceId, writerName }, key);
    });
  }

  setBackupOptions(...[id, type, path, name, backupOptions]: [...Of, string]): void {
    this.#core.change("setBackupOptions", [id, type, path, name], () => ({ backupOptions }));
  }

  setPreviousBackupStamp(...[id, type, path, name, previousBackupStamp]: [...Of, string]): void {
    this.#core.change("setPreviousBackupStamp", [id, type, path, name], () => ({ previousBackupStamp }));
  }

  isVolumeSupported(volume: string, providerId?: string): Promise<boolean> {
    return this.#core.run("isVolumeSupported", async () => {
      try {
        await this.#core.coordinator.chooseProvider(volumeName(volume), providerId);
        return true;
      } catch (cause) {
        const name = (cause as Error | undefined)?.name ?? "";
        if (name === "VSS_E_VOLUME_NOT_SUPPORTED" || name === "VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER") return false;
        throw cause;
      }
    });
  }

  startSnapshotSet(): Promise<string> {
    return this.#core.run("startSnapshotSet", async () => {
      this.#session.set = await this.#core.coordinator.startSet(this.#session.context);
      return this.#session.set.id;
    });
  }

  addToSnapshotSet(volume: string, providerId?: string): Promise<string> {
    return this.#core.run("addToSnapshotSet", async () => {
      const path = volumeName(volume);
      const { outside } = this.#core.coordinator.around;
      if ((await outside.files.stat(path))?.kind !== "folder")
        throw fail("VSS_E_OBJECT_NOT_FOUND", {
          happened: `There is no folder ${path}.`,
          unchanged: "Nothing was added.",
        });
      const provider = await this.#core.coordinator.chooseProvider(path, providerId);
      return this.#core.set().add(path, provider);
    });
  }

  prepareForBackup(): Promise<void> {
    return this.#core.run("prepareForBackup", async () => {
      const session = this.#session;
      if (session.state === undefined) throw badState("prepareForBackup", "setBackupState was not called");
      if (session.set?.volumes.length === 0) throw badState("prepareForBackup", "the snapshot set has no volume");
      for (const participant of session.identified())
        needComplete(metadataOf(participant), session.store.of(participant.session.instanceId));
      await session.tell("prepareBackup", session.identified());
    });
  }

  doSnapshotSet(): Promise<void> {
    return this.#core.run("doSnapshotSet", async () => {
      const { coordinator, stop } = this.#core;
      try {
        await doSnapshotSet(coordinator.around, this.#session, this.#core.set(), stop.signal);
      } catch (cause) {
        if (!stop.signal.aborted) this.#core.phase = "failed";
        throw cause;
      }
    });
  }

  getSnapshotProperties(snapshotId: string): Promise<SnapshotProperties> {
    return this.#core.run("getSnapshotProperties", async () => {
      const record = this.#session.set?.records.find((each) => each.snapshotId === snapshotId);
      if (record !== undefined) return propertiesOf(this.#core.coordinator.around, record);
      throw fail("VSS_E_OBJECT_NOT_FOUND", { happened: `This backup has no shadow copy ${snapshotId}.` });
    });
  }

  gatherWriterStatus(): Promise<void> {
    return this.#core.run("gatherWriterStatus", async () => {
      this.#statuses = this.#session.participants.map(({ session }) => session.status());
    });
  }

  getWriterStatusCount(): number {
    return this.#gathered().length;
  }

  getWriterStatus(index: number): WriterStatus {
    return at(this.#gathered(), index);
  }

  freeWriterStatus(): void {
    this.#statuses = undefined;
  }

  setBackupSucceeded(...[instanceId, id, type, path, name, backupSucceeded]: [string, ...Of, boolean]): void {
    this.#core.now("setBackupSucceeded", () => {
      this.#core.byInstance(instanceId, id);
      const key = { componentType: type, logicalPath: path, componentName: name };
      this.#session.store.change(instanceId, key, { backupSucceeded });
    });
  }

  backupComplete(): Promise<void> {
    return this.#core.run("backupComplete", () => this.#session.tell("backupComplete", this.#session.involved()));
  }

  saveAsXml(): string {
    return this.#core.now("saveAsXml", () => {
      const { state, store, set, restoreType } = this.#session;
      return writeBackupComponents({
        backupState: state ?? {
          selectComponents: true,
          bootableSystemState: false,
          backupType: backupTypes.UNDEFINED,
          partialFileSupport: false,
        },
        restoreType,
        snapshotSetId: set?.id,
        snapshots: (set?.records ?? []).map((each) => ({
          snapshotId: each.snapshotId,
          providerId: each.providerId,
          originalVolume: each.volume,
        })),
        writers: store.all(),
      });
    });
  }

  abortBackup(): Promise<void> {
    return this.#core.abortBackup();
  }

  release(): Promise<void> {
    return this.#core.release();
  }

  getWriterComponentsCount(): number {
    return this.#core.now("getWriterComponents", () => this.#session.store.all().length);
  }

  getWriterComponents(index: number): WriterComponents {
    return this.#core.now("getWriterComponents", () => at(this.#session.store.all(), index));
  }

  setSelectedForRestore(...[id, type, path, name, selectedForRestore]: [...Of, boolean]): void {
    this.#core.change("setSelectedForRestore", [id, type, path, name], () => ({ selectedForRestore }));
  }

  addRestoreSubcomponent(...[id, type, path, name, subPath, subName]: [...Of, string | undefined, string]): void {
    this.#core.change("addRestoreSubcomponent", [id, type, path, name], (now) => ({
      restoreSubcomponents: [...now.restoreSubcomponents, { logicalPath: subPath, componentName: subName }],
    }));
  }

  setAuthoritativeRestore(...[id, type, path, name, authoritativeRestore]: [...Of, boolean]): void {
    this.#core.change("setAuthoritativeRestore", [id, type, path, name], (_now, metadata) => {
      needSchema(metadata, backupSchema.AUTHORITATIVE_RESTORE, "AUTHORITATIVE_RESTORE");
      return { authoritativeRestore };
    });
  }

  setRestoreOptions(...[id, type, path, name, restoreOptions]: [...Of, string]): void {
    this.#core.change("setRestoreOptions", [id, type, path, name], () => ({ restoreOptions }));
  }

  setAdditionalRestores(...[id, type, path, name, additionalRestores]: [...Of, boolean]): void {
    this.#core.change("setAdditionalRestores", [id, type, path, name], () => ({ additionalRestores }));
  }

  addNewTarget(...[id, type, path, name, files]: [...Of, FileSet]): void {
    this.#core.change("addNewTarget", [id, type, path, name], (now, metadata) => {
      needSchema(metadata, backupSchema.WRITER_SUPPORTS_NEW_TARGET, "WRITER_SUPPORTS_NEW_TARGET");
      return { newTargets: [...now.newTargets, files], restoreTarget: restoreTarget.ALTERNATE };
    });
  }

  setRestoreState(restoreType: RestoreType): void {
    this.#core.now("setRestoreState", () => {
      this.#session.restoreType = restoreType;
    });
  }

  preRestore(): Promise<void> {
    return this.#core.run("preRestore", () => this.#session.tell("preRestore", this.#session.restoring()));
  }

  setFileRestoreStatus(...[id, type, path, name, fileRestoreStatus]: [...Of, FileRestoreStatus]): void {
    this.#core.change("setFileRestoreStatus", [id, type, path, name], () => ({ fileRestoreStatus }));
  }

  postRestore(): Promise<void> {
    return this.#core.run("postRestore", () => this.#session.tell("postRestore", this.#session.restoring()));
  }

  query(): Promise<readonly SnapshotProperties[]> {
    return this.#core.run("query", () => this.#core.coordinator.querySnapshots());
  }

  deleteSnapshots(sourceObjectId: string, type: ObjectType, force: boolean): Promise<DeletedSnapshots> {
    return this.#core.run("deleteSnapshots", () => this.#core.coordinator.deleteSnapshots(sourceObjectId, type, force));
  }

  #gathered(): readonly WriterStatus[] {
    if (this.#statuses === undefined) throw badState("getWriterStatus", "gatherWriterStatus was not called");
    return this.#statuses;
  }
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found !== undefined) return found;
  throw fail("VSS_E_OBJECT_NOT_FOUND", { happened: `There is no number ${index}; there are ${list.length}.` });
}

function needSchema(metadata: WriterMetadata, bit: number, name: string): void {
  if ((metadata.backupSchema & bit) !== 0) return;
  throw fail("INVALID_PARAMETER", {
    happened: `Writer ${metadata.writerName} does not have ${name} in its backup schema.`,
    unchanged: "Nothing was changed.",
  });
}

/** An absolute path without `.`, `..`, doubled and last slashes. Throws INVALID_PARAMETER. */
function volumeName(volume: string): string {
  const parts = volume.split("/").filter((part) => part !== "");
  if (volume.startsWith("/") && !parts.some((part) => part === "." || part === "..")) return `/${parts.join("/")}`;
  throw fail("INVALID_PARAMETER", {
    happened: `"${volume}" is no absolute path of a folder.`,
    unchanged: "Nothing was added.",
  });
}
