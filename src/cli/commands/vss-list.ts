import { fail } from "../../base/errors.ts";
import { clusterMetadata, openNodeCoordinator } from "../../clusapi/vss/coordinator.ts";
import { nameOf, objectType, providerType, snapshotState, writerState } from "../../vss/enumerations.ts";
import type { Cli } from "../cli.ts";
import { usage } from "../exit.ts";
import { facts, table } from "../render/table.ts";
import { orDash, timeAndAge } from "../render/text.ts";

/** `clubar vss list writers|providers|shadows`. */
export async function listVss(cli: Cli, what: "writers" | "providers" | "shadows"): Promise<void> {
  const coordinator = await openNodeCoordinator(cli.outside(), cli.settings.data);
  if (what === "writers") {
    const writers = await clusterMetadata(coordinator);
    cli.show(writers, () => writers.map(writerText).join("\n"));
    return;
  }
  if (what === "providers") {
    const providers = coordinator.queryProviders();
    const rows = providers.map((one) => [one.name, nameOf(providerType, one.type), one.version, one.providerId]);
    cli.show(providers, () => table(["Provider", "Type", "Version", "Id"], rows, "There is no provider."));
    return;
  }
  const shadows = await coordinator.querySnapshots();
  const now = cli.terminal.now();
  const rows = shadows.map((one) => [
    one.snapshotId,
    one.snapshotSetId,
    nameOf(snapshotState, one.status),
    timeAndAge(one.creationTimestamp, now),
    one.originalVolumeName,
    one.snapshotDeviceObject,
  ]);
  cli.show(shadows, () =>
    table(["Shadow copy", "Set", "State", "Made", "Of", "In"], rows, "There are no shadow copies of this node."),
  );
}

type Writer = Awaited<ReturnType<typeof clusterMetadata>>[number];

function writerText({ status, metadata }: Writer): string {
  const { failure } = status;
  return facts([
    ["Writer name", status.writerName],
    ["Writer id", `{${status.writerId}}`],
    ["Instance id", `{${status.instanceId}}`],
    ["State", `[${status.state}] ${nameOf(writerState, status.state)}`],
    ["Last error", failure === undefined ? "No error" : `${failure.name}: ${failure.message}`],
    ...metadata.components.map(
      (one) => ["Component", `${one.componentName}${one.caption === undefined ? "" : `: ${one.caption}`}`] as const,
    ),
  ]);
}

/** `clubar vss delete shadows ID|--all`. */
export async function deleteShadows(cli: Cli, id: string | undefined, all: boolean): Promise<void> {
  if ((id === undefined) !== all)
    throw usage("Name one shadow copy or set, or say --all.", "See `clubar vss list shadows`.");
  const coordinator = await openNodeCoordinator(cli.outside(), cli.settings.data);
  const wanted = id?.replace(/[{}]/g, "").toLowerCase();
  const found = (await coordinator.querySnapshots()).filter(
    ({ snapshotId, snapshotSetId }) => wanted === undefined || snapshotId === wanted || snapshotSetId === wanted,
  );
  if (found.length === 0 && wanted !== undefined) {
    throw fail("VSS_E_OBJECT_NOT_FOUND", {
      happened: `There is no shadow copy or set ${orDash(id)} of this node.`,
      unchanged: "Nothing was deleted.",
      next: "See `clubar vss list shadows`.",
    });
  }
  if (found.length > 0) {
    const lines = found.map((one) => `${one.snapshotId} of ${one.originalVolumeName}, in ${one.snapshotDeviceObject}`);
    await cli.confirm(`These shadow copies are deleted:\n${lines.join("\n")}`, "Delete them");
  }
  const deleted: string[] = [];
  for (const { snapshotId } of found) {
    const done = await coordinator.deleteSnapshots(snapshotId, objectType.SNAPSHOT, false);
    deleted.push(...done.deletedSnapshots);
    if (done.cause !== undefined) throw done.cause;
  }
  cli.show({ deleted }, () => `${deleted.length} shadow cop${deleted.length === 1 ? "y" : "ies"} deleted.\n`);
}
