/** A host that dies at every one of its calls while it mounts and unmounts: the next one always gets the disk back. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { silentLog } from "../../base/log.ts";
import { openOutside } from "../../base/outside-node.ts";
import type { Files, Outside } from "../../base/outside.ts";
import { openImageDisks } from "../../disks/image-disks.ts";
import { createImage } from "../../disks/new-image.ts";
import { dword, sz } from "../../tree/value.ts";
import { endMounts, readMountRecord } from "../mount-record.ts";
import { parametersOf } from "../parameters.ts";
import { defaultTimes, type ResourceContext } from "../resource-type.ts";
import { physicalDisk } from "./physical-disk.ts";

const real = openOutside();
const top = mkdtempSync(join(tmpdir(), "clubar-disk-crash-"));
after(() => rmSync(top, { recursive: true, force: true }));
const never = new AbortController().signal;

class Dead extends Error {}

/** Files whose calls fail from call `at` on, without effect: the process is gone. `calls` counts. */
function dying(at: number): { readonly outside: Outside; calls: number } {
  const state = { outside: real, calls: 0 };
  const files = new Proxy(real.files, {
    get(target, name) {
      const method = target[name as keyof Files];
      return (...args: readonly unknown[]): unknown => {
        state.calls += 1;
        if (state.calls >= at) throw new Dead(`call ${state.calls}`);
        return (method as (...all: unknown[]) => unknown).apply(target, [...args]);
      };
    },
  });
  return Object.assign(state, { outside: { ...real, files } });
}

async function newNode(): Promise<{ readonly data: string; readonly images: string; readonly point: string }> {
  const data = mkdtempSync(join(top, "node-"));
  const images = join(data, "images");
  await real.files.makeFolder(images);
  await real.files.makeFolder(join(data, "resources", "d"));
  const partitions = [{ offset: 1048576, size: 4096 }];
  await createImage(real.files, join(images, "a.img"), {
    id: { signature: 7 },
    size: 2097152,
    sector: 512,
    partitions,
  });
  return { data, images, point: join(data, "point") };
}

type Node = Awaited<ReturnType<typeof newNode>>;

function contextOf(outside: Outside, { data, images, point }: Node): ResourceContext {
  const parameters = parametersOf([dword("DiskSignature", 7), sz("MountPoint", point)], physicalDisk.parameters);
  return {
    outside,
    resource: { id: "d", name: "Disk", parameters, times: defaultTimes },
    disks: openImageDisks(outside, images, "simulated"),
    folder: join(data, "resources", "d"),
    log: silentLog,
  } as unknown as ResourceContext;
}

/** True when it died at that call; false when it came to its end before. */
async function diesAt(at: number, node: Node): Promise<boolean> {
  const context = contextOf(dying(at).outside, node);
  try {
    await physicalDisk.online(context, never);
    await physicalDisk.offline(context, never);
    return false;
  } catch (error) {
    return error instanceof Error;
  }
}

test("after a death at any call the next host unmounts, and brings the disk online", async () => {
  let deaths = 0;
  for (let at = 1; ; at += 1) {
    const node = await newNode();
    const died = await diesAt(at, node);
    const next = contextOf(real, node);
    const [disk] = await next.disks.list();
    const [partition] = disk?.partitions ?? [];
    assert.ok(disk !== undefined && partition !== undefined);
    const source = await next.disks.sourceOf(disk, partition);
    const isHeld = (await next.disks.inUse(source)) !== undefined;
    // Whatever is mounted is on record: otherwise nobody would unmount it.
    if (isHeld) assert.ok((await readMountRecord(real.files, next.folder)) !== undefined, `call ${at}`);
    await endMounts(real, next.disks, node.data, silentLog);
    assert.equal(await next.disks.inUse(source), undefined, `call ${at}`);
    assert.equal(await readMountRecord(real.files, next.folder), undefined);
    await physicalDisk.online(next, never);
    assert.ok(await next.disks.isAt(source, node.point));
    await physicalDisk.offline(next, never);
    if (!died) break;
    deaths += 1;
  }
  assert.ok(deaths > 20, `${deaths} calls`);
});
