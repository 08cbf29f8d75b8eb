/** A provider that fails where it is told to. */
import assert from "node:assert/strict";
import { createCopyProvider, openVssCoordinator, type VssProvider } from "../../src/vss/index.ts";
import { makeScene, type Scene } from "./scene.ts";

export type ProviderStep = Exclude<keyof VssProvider, "providerId" | "name" | "type" | "version">;

type SnapshotStep = Extract<
  ProviderStep,
  `${"endPrepare" | "preCommit" | "commit" | "postCommit" | "preFinalCommit" | "postFinalCommit"}Snapshots`
>;

/** The steps of a set in which a provider may fail, in order. */
export const snapshotSteps: readonly SnapshotStep[] = [
  "endPrepareSnapshots",
  "preCommitSnapshots",
  "commitSnapshots",
  "postCommitSnapshots",
  "preFinalCommitSnapshots",
  "postFinalCommitSnapshots",
];

/** Calls `fault` before each step of a provider, and notes the steps. */
export function faultyProvider(
  real: VssProvider,
  fault: (step: ProviderStep) => Promise<void> | void,
): { readonly provider: VssProvider; readonly heard: ProviderStep[] } {
  const heard: ProviderStep[] = [];
  const at = async <T>(step: ProviderStep, work: () => Promise<T>): Promise<T> => {
    heard.push(step);
    await fault(step);
    return work();
  };
  const { providerId, name, type, version } = real;
  const provider: VssProvider = {
    providerId,
    name,
    type,
    version,
    isVolumeSupported: (volume) => at("isVolumeSupported", () => real.isVolumeSupported(volume)),
    beginPrepareSnapshot: (snapshot) => at("beginPrepareSnapshot", () => real.beginPrepareSnapshot(snapshot)),
    endPrepareSnapshots: (set) => at("endPrepareSnapshots", () => real.endPrepareSnapshots(set)),
    preCommitSnapshots: (set) => at("preCommitSnapshots", () => real.preCommitSnapshots(set)),
    commitSnapshots: (set) => at("commitSnapshots", () => real.commitSnapshots(set)),
    postCommitSnapshots: (set) => at("postCommitSnapshots", () => real.postCommitSnapshots(set)),
    preFinalCommitSnapshots: (set) => at("preFinalCommitSnapshots", () => real.preFinalCommitSnapshots(set)),
    postFinalCommitSnapshots: (set) => at("postFinalCommitSnapshots", () => real.postFinalCommitSnapshots(set)),
    abortSnapshots: (set) => at("abortSnapshots", () => real.abortSnapshots(set)),
    getSnapshotProperties: (place) => at("getSnapshotProperties", () => real.getSnapshotProperties(place)),
    deleteSnapshots: (places) => at("deleteSnapshots", () => real.deleteSnapshots(places)),
  };
  return { provider, heard };
}

/** A scene whose only provider is the plain copy with faults. */
export async function sceneWith(
  fault: (step: ProviderStep, scene: () => Scene) => Promise<void> | void,
): Promise<Scene & { readonly heard: ProviderStep[] }> {
  const made: { scene?: Scene; heard: ProviderStep[] } = { heard: [] };
  const bare = await makeScene();
  const real = createCopyProvider({ files: bare.outside.files, folder: "/vss/copies", leaveOut: ["/vss"] });
  const scene = (): Scene => made.scene ?? bare;
  const { provider, heard } = faultyProvider(real, (step) => fault(step, scene));
  const coordinator = await bare.done(
    openVssCoordinator({ outside: bare.outside, folder: "/vss", providers: [provider] }),
  );
  made.scene = { ...bare, coordinator };
  return { ...made.scene, heard };
}

/** Neither in the catalogue nor among the copies. */
export async function nothingLeft({ outside, done }: Scene): Promise<void> {
  assert.deepEqual(await done(outside.files.list("/vss/catalogue")), []);
  if ((await done(outside.files.stat("/vss/copies"))) !== undefined)
    assert.deepEqual(await done(outside.files.list("/vss/copies")), []);
}
