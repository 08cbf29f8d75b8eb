/** Two nodes of which the first has a folder with settings. */
import type { Files } from "../../src/base/outside.ts";
import { type Life, Scene, type SceneNode } from "./scene.ts";

export const place: string = "/srv/shop/settings";

export async function write(files: Files, path: string, text: string): Promise<void> {
  await files.makeFolder(path.slice(0, path.lastIndexOf("/")));
  if ((await files.stat(path)) !== undefined) await files.unlink(path);
  const handle = await files.open(path, "create", 0o640);
  await handle.write(new TextEncoder().encode(text));
  await handle.close();
}

export const read = async (files: Files, path: string): Promise<string> =>
  new TextDecoder().decode(await files.read(path));

export async function folderScene(): Promise<{
  scene: Scene;
  one: SceneNode;
  two: SceneNode;
  life: Life;
}> {
  const opened = await Scene.open();
  opened.place(1);
  const one = opened.node(1);
  await write(one.outside.files, `${place}/a.conf`, "first");
  await write(one.outside.files, `${place}/in/b.conf`, "b");
  await opened.node(2).outside.files.makeFolder("/srv/shop");
  return { scene: opened, one, two: opened.node(2), life: one.life() };
}
