/** The web page served by a pretended node with a cluster that has something of everything. */
import { openScene, type Scene } from "../api/scene.ts";
import { type PageFiles, pageFiles } from "../../src/daemon/page-files.ts";
import { listenPage } from "../../src/daemon/page-listener.ts";
import type { Edit } from "../../src/tree/edit.ts";
import { dword, multiSz, sz, type Value } from "../../src/tree/value.ts";

export const token = "0123456789abcdef0123456789abcdef";

/** A pretended node with its page. */
export interface ServedScene {
  readonly scene: Scene;
  readonly url: string;
  /** The page is served no more; `serve` serves it at the same place again. */
  silence(): Promise<void>;
  serve(): Promise<void>;
  close(): Promise<void>;
}

/** Node N1 leads TOWER, N2 is down; `fill` adds groups and resources in many states. */
export async function serveScene(fill = true): Promise<ServedScene> {
  const scene = await openScene();
  const files: Promise<PageFiles> = pageFiles();
  if (fill) fillCluster(scene);
  let listener = await listenPage({ app: scene.app, files, port: 0, token });
  const { url } = listener;
  return {
    scene,
    url,
    silence: () => listener.close(),
    serve: async () => {
      listener = await listenPage({ app: scene.app, files, port: Number(new URL(url).port), token });
    },
    close: async () => {
      await listener.close();
      await scene.close();
    },
  };
}

const state = { online: 2, offline: 3, failed: 4, onlinePending: 129 } as const;

interface Pretended {
  readonly name: string;
  readonly type: string;
  readonly state: keyof typeof state;
  readonly needs?: readonly string[];
  readonly reason?: string;
}

/** Puts a group with its resources into the pretended database; ids are names in lower case. */
export function addGroup(scene: Scene, name: string, resources: readonly Pretended[], owner = "1"): void {
  const id = name.toLowerCase().replaceAll(" ", "-");
  scene.edit(
    { kind: "set-value", path: `Groups\\${id}`, value: sz("Name", name) },
    {
      kind: "set-value",
      path: `Groups\\${id}`,
      value: multiSz(
        "Contains",
        resources.map((one) => idOf(one.name)),
      ),
    },
    { kind: "set-value", path: `Groups\\${id}`, value: dword("PersistentState", 1) },
    { kind: "set-value", path: `Runtime\\Groups\\${id}`, value: sz("Owner", owner) },
    ...resources.flatMap((one) => resourceEdits(one, owner)),
  );
}

function resourceEdits(one: Pretended, node: string): Edit[] {
  const path = `Resources\\${idOf(one.name)}`;
  const set = (at: string, value: Value): Edit => ({ kind: "set-value", path: at, value });
  return [
    set(path, sz("Name", one.name)),
    set(path, sz("Type", one.type)),
    set(path, multiSz("DependsOn", (one.needs ?? []).map(idOf))),
    set(`Runtime\\${path}`, dword("State", state[one.state])),
    set(`Runtime\\${path}`, sz("Node", node)),
    ...(one.reason === undefined ? [] : [set(`Runtime\\${path}`, sz("Reason", one.reason))]),
  ];
}

function idOf(name: string): string {
  return name.toLowerCase().replaceAll(" ", "-");
}

function fillCluster(scene: Scene): void {
  addGroup(scene, "Web shop", [
    { name: "Shop settings", type: "Render", state: "online" },
    { name: "Shop server", type: "Generic Application", state: "online", needs: ["Shop settings"] },
    { name: "Shop mail", type: "Generic Application", state: "onlinePending", needs: ["Shop server"] },
  ]);
  addGroup(scene, "Payroll of the northern branches, with a name that nobody would call short", [
    {
      name: "Payroll-service-with-an-unbroken-name-that-is-longer-than-any-column-would-like-it-to-be",
      type: "Generic Service",
      state: "failed",
      reason: "It ended with exit code 3 for the 4th time within 15 minutes, above RestartThreshold.",
    },
  ]);
  addGroup(scene, "Archive", [{ name: "Archive", type: "Generic Script", state: "offline" }]);
  const begun = Date.UTC(2026, 10, 21, 12, 0, 0);
  const sentences = [
    'Node N2 is down: its host proved that it stopped everything. Its groups are placed: "Web shop" → N1.',
    'Resource "Shop settings" is online.',
    'Resource "Shop server" is online.',
    'Resource "Shop mail" comes online.',
  ];
  scene.decisions = sentences.map((because, at) => ({
    tag: { generation: 1, epoch: 3, sequence: 270 + at },
    time: begun + at * 1300,
    because,
  }));
}
