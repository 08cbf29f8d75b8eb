/** A coordinator in a simulated world, and a writer that notes what happens to it. */
import type { Outside } from "../../src/base/outside.ts";
import { createWorld, type World } from "../../src/sim/world.ts";
import {
  backupType,
  componentType,
  createVssBackupComponents,
  openVssCoordinator,
  restoreMethod,
  sourceType,
  usageType,
  writerRestore,
  type CoordinatorOptions,
  type CreateWriterMetadata,
  type VssBackupComponents,
  type VssCoordinator,
  type VssWriter,
  type WriterCall,
} from "../../src/vss/index.ts";
import type { WriterEvent } from "../../src/vss/writer-state.ts";

export const volume = "/data";
export const writerId = "41e12264-35d8-479b-8e5c-9b23d1dad37e";

/** The events with a call. */
export type Heard = Exclude<WriterEvent, "freezeTimeout">;

/** Notes its events; `frozen` is what an application would do. */
export class NotingWriter implements VssWriter {
  readonly identity: VssWriter["identity"];
  readonly heard: Heard[] = [];
  frozen = false;
  freezeTimeout?: number;
  level?: NonNullable<VssWriter["level"]>;
  /** What else happens in an event: throws, waits, asks the call. */
  readonly on: Partial<Record<Heard, (call: WriterCall | undefined) => Promise<void> | void>> = {};
  describe: (metadata: CreateWriterMetadata) => void = describeOne;

  constructor(id: string = writerId, name = "Noting Writer") {
    this.identity = { writerId: id, writerName: name, usage: usageType.USERDATA, source: sourceType.OTHER };
  }

  async onIdentify(metadata: CreateWriterMetadata): Promise<void> {
    this.describe(metadata);
    await this.#hear("identify");
  }
  onPrepareBackup(call: WriterCall): Promise<void> {
    return this.#hear("prepareBackup", call);
  }
  onPrepareSnapshot(call: WriterCall): Promise<void> {
    return this.#hear("prepareSnapshot", call);
  }
  async onFreeze(call: WriterCall): Promise<void> {
    await this.#hear("freeze", call);
    this.frozen = true;
  }
  async onThaw(call: WriterCall): Promise<void> {
    await this.#hear("thaw", call);
    this.frozen = false;
  }
  onPostSnapshot(call: WriterCall): Promise<void> {
    return this.#hear("postSnapshot", call);
  }
  onBackupComplete(call: WriterCall): Promise<void> {
    return this.#hear("backupComplete", call);
  }
  onBackupShutdown(): Promise<void> {
    return this.#hear("backupShutdown");
  }
  async onAbort(): Promise<void> {
    this.frozen = false;
    await this.#hear("abort");
  }
  onPreRestore(call: WriterCall): Promise<void> {
    return this.#hear("preRestore", call);
  }
  onPostRestore(call: WriterCall): Promise<void> {
    return this.#hear("postRestore", call);
  }

  async #hear(event: Heard, call?: WriterCall): Promise<void> {
    this.heard.push(event);
    await this.on[event]?.(call);
  }
}

/** One selectable file group of everything in `/data`. */
export function describeOne(metadata: CreateWriterMetadata): void {
  const group = { logicalPath: undefined, componentName: "Data" };
  metadata.addComponent({ ...group, componentType: componentType.FILEGROUP });
  metadata.addFilesToFileGroup(group, { path: volume, fileSpec: "*", recursive: true });
  metadata.setRestoreMethod({
    method: restoreMethod.RESTORE_IF_CAN_REPLACE,
    writerRestore: writerRestore.ALWAYS,
    rebootRequired: false,
  });
}

export interface Scene {
  readonly world: World;
  readonly outside: Outside;
  readonly coordinator: VssCoordinator;
  /** Runs the world until the promise settles. */
  readonly done: <T>(promise: Promise<T>, limit?: number) => Promise<T>;
}

/** `/data` with some files, and a coordinator whose folder is `/vss`. */
export async function makeScene(seed: string | number = 1, options: Partial<CoordinatorOptions> = {}): Promise<Scene> {
  const world = createWorld({ seed, machines: ["m"] });
  const outside = world.outside("m", "requester");
  const done = <T>(promise: Promise<T>, limit = 10_000_000): Promise<T> => world.complete(promise, limit);
  await done(fillVolume(outside));
  const coordinator = await done(openVssCoordinator({ outside, folder: "/vss", ...options }));
  return { world, outside, coordinator, done };
}

export async function fillVolume({ files }: Pick<Outside, "files">, word = "one"): Promise<void> {
  await files.makeFolder(`${volume}/below`);
  for (const [name, text] of [
    ["a", word],
    ["below/b", `${word} below`],
  ] as const) {
    if ((await files.stat(`${volume}/${name}`)) !== undefined) await files.unlink(`${volume}/${name}`);
    const file = await files.open(`${volume}/${name}`, "create", 0o640);
    await file.write(new TextEncoder().encode(text), 0);
    await file.sync();
    await file.close();
  }
  await files.syncFolder(`${volume}/below`);
  await files.syncFolder(volume);
}

/** A backup up to the point where `doSnapshotSet` may come, with every first component included. */
export async function prepare(
  coordinator: VssCoordinator,
  options: { readonly context?: number; readonly providerId?: string; readonly signal?: AbortSignal } = {},
): Promise<{ backup: VssBackupComponents; snapshotId: string; setId: string }> {
  const { signal } = options;
  const backup = createVssBackupComponents(coordinator, signal === undefined ? {} : { signal });
  backup.initializeForBackup();
  if (options.context !== undefined) backup.setContext(options.context);
  backup.setBackupState(true, false, backupType.FULL);
  await backup.gatherWriterMetadata();
  for (let index = 0; index < backup.getWriterMetadataCount(); index++) {
    const { metadata } = backup.getWriterMetadata(index);
    const [first] = metadata.components;
    if (first !== undefined)
      backup.addComponent(
        metadata.instanceId,
        metadata.writerId,
        first.componentType,
        first.logicalPath,
        first.componentName,
      );
  }
  const setId = await backup.startSnapshotSet();
  const snapshotId = await backup.addToSnapshotSet(volume, options.providerId);
  await backup.prepareForBackup();
  return { backup, snapshotId, setId };
}

export async function readText({ files }: Pick<Outside, "files">, path: string): Promise<string> {
  return new TextDecoder().decode(await files.read(path));
}
