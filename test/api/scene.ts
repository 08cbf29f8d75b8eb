/** A node's service without a cluster: a real copy of the database, a real registry and key containers, everything else pretended. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApp } from "../../src/api/app.ts";
import { allRights } from "../../src/trust/trust.ts";
import { ApiClient } from "../../src/api/client.ts";
import type {
  CheckpointCall,
  NodeService,
  NodeStatus,
  RestorePlanView,
  RestoreRequest,
} from "../../src/api/node-service.ts";
import type { PageService } from "../../src/api/page-service.ts";
import type { ListedBackup } from "../../src/backup/read.ts";
import { fail } from "../../src/base/errors.ts";
import { failureOf } from "../../src/base/failure-of.ts";
import { openOutside } from "../../src/base/outside-node.ts";
import type { AuditLine, Checkpoint, RecreateLine, SideCopy } from "../../src/checkpoint/checkpoint.ts";
import { prepare } from "../../src/database/apply.ts";
import { confirmNodeDown } from "../../src/database/commands/node.ts";
import { initialDatabase } from "../../src/database/initial-database.ts";
import { type Decision, Replica } from "../../src/database/replica.ts";
import { directoryTiming } from "../../src/membership/timing.ts";
import { compareTags, type Tag } from "../../src/quorum/tag.ts";
import { openKeyContainers, type KeyContainers } from "../../src/registry/key-containers.ts";
import { openRegistry, type Registry } from "../../src/registry/registry.ts";
import { applyEdits, type Edit } from "../../src/tree/edit.ts";
import { dword, sz } from "../../src/tree/value.ts";

const instance = "11111111-2222-4333-8444-555555555555";
const incarnation = "99999999-8888-4777-8666-555555555555";

/** What a test asks of the pretended service and what it can see of it. */
export interface Scene {
  readonly folder: string;
  readonly service: NodeService;
  /** What the web page needs beside it. */
  readonly page: PageService;
  readonly app: ReturnType<typeof createApp>;
  readonly client: ApiClient;
  /** Of the service's status; changes count at the next request. */
  status: Partial<NodeStatus>;
  /** No service: it starts. */
  absent: boolean;
  /** What was asked of the parts that are only pretended, in order. */
  readonly asked: unknown[];
  /** The plan of the next restore. */
  plan: RestorePlanView;
  checkpoints: readonly Checkpoint[];
  audit: readonly AuditLine[];
  sideCopies: readonly SideCopy[];
  decisions: readonly Decision[];
  sets: readonly ListedBackup[];
  /** What an owner answers to re-creating. */
  recreated: (call: CheckpointCall) => readonly RecreateLine[];
  /** Makes the next call of a pretended part fail. */
  failure: Error | undefined;
  edit(...edits: readonly Edit[]): void;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

/** What the service is made of that is real. */
interface Parts {
  readonly folder: string;
  readonly registry: Registry;
  readonly keys: KeyContainers;
  readonly replica: Replica;
  readonly newGuid: () => string;
  /** The tag of the next change. */
  readonly next: () => Tag;
  readonly edit: (...edits: readonly Edit[]) => void;
}

/** What is still to be filled in once the service is there. */
type Stage = Omit<Scene, "service" | "page" | "app" | "client" | "fetch">;

/** A node N1 that leads cluster TOWER, and N2, which is down. */
export async function openScene(): Promise<Scene> {
  const parts = await openParts();
  const { folder, registry, replica, edit } = parts;
  edit(
    { kind: "set-value", path: "Nodes\\2", value: sz("NodeName", "N2") },
    { kind: "set-value", path: "Runtime\\Nodes\\1", value: dword("State", 0) },
    { kind: "set-value", path: "Runtime\\Nodes\\2", value: dword("State", 1) },
    { kind: "set-value", path: "Runtime\\Nodes\\2", value: sz("DownBecause", "proof") },
  );
  registry.mountReadOnly("Cluster", () => replica.tree());
  const stage: Stage = {
    folder,
    status: {},
    absent: false,
    asked: [],
    plan: { id: "plan-1", lines: ["Step 1: Do it."], blockers: [], warnings: [] },
    checkpoints: [],
    audit: [],
    sideCopies: [],
    decisions: [],
    sets: [],
    recreated: () => [
      {
        kind: "registry",
        path: "SOFTWARE\\A",
        before: 1,
        number: 2,
        result: "re-created",
        file: "lost",
        sentence: "Its file was lost. Version 2 holds what is live.",
      },
    ],
    failure: undefined,
    edit,
    close: async () => {
      await registry.close();
      await rm(folder, { recursive: true });
    },
  };
  const service = serviceOf(stage, parts);
  const page = pageOf(stage);
  const app = createApp(() => (stage.absent ? undefined : service), page);
  const fetch: Scene["fetch"] = async (path, init) =>
    app.fetch(new Request(`http://clubar${path}`, init), { caller: { who: "local", from: "test", rights: allRights } });
  const scene: Scene = Object.assign(stage, {
    service,
    page,
    app,
    fetch,
    client: clientOf(folder, (...sent) => scene.fetch(...sent)),
  });
  return scene;
}

async function openParts(): Promise<Parts> {
  const folder = await mkdtemp(join(tmpdir(), "clubar-api-"));
  const outside = openOutside();
  const registry = await openRegistry(outside, `${folder}/registry`);
  const keys = await openKeyContainers(outside, `${folder}/keys`);
  let made = 0;
  const newGuid = (): string => `00000000-0000-4000-8000-${String(++made).padStart(12, "0")}`;
  const tree = initialDatabase({ clusterName: "TOWER", instance, nodeId: "1", nodeName: "N1", time: 1n, newGuid });
  const replica = new Replica(tree, { generation: 1, epoch: 1, sequence: 1 }, "");
  const next = (): Tag => ({ ...replica.tag(), sequence: replica.tag().sequence + 1 });
  const edit = (...edits: readonly Edit[]): void => replica.reset(applyEdits(replica.tree(), edits, 2n), next(), "");
  return { folder, registry, keys, replica, newGuid, next, edit };
}

function serviceOf(stage: Stage, parts: Parts): NodeService {
  const { folder, registry, keys, replica, newGuid, next } = parts;
  const service: NodeService = {
    data: folder,
    node: { id: "1", name: "N1" },
    database: databaseOf(replica),
    quorum: { kind: "directory", place: "/q" } as NodeService["quorum"],
    registry,
    keys,
    checkpoints: {
      list: () => stage.checkpoints,
      history: () => stage.checkpoints,
      audit: () => Promise.resolve(stage.audit),
      pending: () => [],
      sideCopies: () => Promise.resolve(stage.sideCopies),
    } as unknown as NodeService["checkpoints"],
    identity: () => ({ name: "TOWER", instance, generation: 1, lineage: "l" }),
    pause: () => Promise.resolve(),
    status: () => ({ ...usualStatus(replica.tag()), ...stage.status }),
    change: async (build) => {
      const change = build(replica.tree());
      const tag = next();
      const prepared = prepare(replica.tree(), { ...change, requestId: newGuid() }, tag, 0);
      if (prepared.outcome !== "applies")
        throw fail("CLUSTER_DATABASE_UPDATE_CONDITION_FAILED", { happened: "It changed." });
      replica.reset(prepared.tree, tag, "");
      return tag;
    },
    changeRegistry: async (work) => {
      await work(registry);
      return { pending: [] };
    },
    changeKeys: async (work) => {
      await work(keys);
      return { pending: [] };
    },
    confirmDown: (node, repeatedName) =>
      service.change((now) => confirmNodeDown(now, { node, repeatedName, who: "a person" })),
    ...pretendedOf(stage),
  };
  return service;
}

function databaseOf(replica: Replica): NodeService["database"] {
  return {
    tree: () => replica.tree(),
    tag: () => replica.tag(),
    submit: () => Promise.reject(new Error("not used")),
    waitFor: async (tag) => {
      if (compareTags(replica.tag(), tag) < 0) throw fail("TIMEOUT", { happened: "It took too long." });
    },
    onChange: (handler) => replica.onChange(handler),
    self: { node: "1", incarnation },
    isLeader: () => true,
  };
}

function usualStatus(tag: Tag): NodeStatus {
  return {
    state: "leader",
    because: "",
    incarnation,
    leader: { epoch: 1, node: "1", incarnation, endpoint: "/e", hostEndpoint: "/h" },
    tag,
    timing: directoryTiming(),
    permitEndsAt: 1500,
    nowBoot: 1000,
    containment: "cgroup",
    containmentSentence: "The kernel ends everything with the host.",
    waits: [],
    running: new Map(),
  };
}

/** What only remembers that it was asked, and answers or fails as the stage says. */
function pretendedOf(stage: Stage): Pick<NodeService, "atOwner" | "backup" | "planRestore" | "restore" | "stop"> {
  const pretend = <T>(what: unknown, answer: T): Promise<T> => {
    stage.asked.push(what);
    const { failure } = stage;
    stage.failure = undefined;
    return failure === undefined ? Promise.resolve(answer) : Promise.reject(failure);
  };
  const tag = { generation: 1, epoch: 1, sequence: 9 };
  return {
    atOwner: (call: CheckpointCall) => {
      if (call.call === "control") return pretend(call, { code: 0, output: Uint8Array.of(1, 2), required: 2 });
      if (call.call === "audit") return pretend(call, stage.audit);
      if (call.call === "add") return pretend(call, { tag, notes: [] });
      return pretend(call, call.call === "recreate" || call.call === "withdraw" ? stage.recreated(call) : undefined);
    },
    backup: (path) =>
      pretend({ backup: path }, { node: "N1", path, tag, files: 4, bytes: 2048, notChecked: [], notes: [] }),
    planRestore: (request: RestoreRequest) => pretend({ plan: request }, stage.plan),
    restore: (request: RestoreRequest) =>
      pretend(
        { restore: request },
        { tag: "2:0:10", safetyBackup: "/d/safety/x", lines: ["Generation 2 is in force."] },
      ),
    stop: (drain) => pretend({ stop: drain }, undefined),
  };
}

function pageOf(stage: Stage): PageService {
  return {
    decisions: async () => stage.decisions,
    sets: async (folder) => {
      stage.asked.push({ sets: folder });
      return stage.sets;
    },
    verify: async (path) => {
      stage.asked.push({ verify: path });
      const { failure } = stage;
      stage.failure = undefined;
      if (failure !== undefined) throw failure;
      const lines = [{ what: "CLUSDB", result: "OK", detail: "2048 bytes" }] as const;
      return { path, ok: true, damaged: 0, notChecked: 0, lines };
    },
  };
}

function clientOf(place: string, fetch: Scene["fetch"]): ApiClient {
  return new ApiClient({
    place,
    transport: async ({ method, path, headers, body }) => {
      const sent = body === undefined ? {} : { body: body.slice() };
      const answer = await fetch(path, { method, headers: { ...headers }, ...sent });
      return {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        body: new Uint8Array(await answer.arrayBuffer()),
      };
    },
  });
}

/** What a call rejected with, as a failure of the table. */
export async function refused(work: Promise<unknown>): Promise<ReturnType<typeof failureOf>> {
  try {
    await work;
  } catch (error) {
    return failureOf(error);
  }
  throw new Error("it was not refused");
}
