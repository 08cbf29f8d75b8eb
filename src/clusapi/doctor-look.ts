/** The doctor's looks at one thing each; read-only. What can't be looked at says why instead of failing. */
import type { StatusView } from "../api/api.ts";
import { listBackups } from "../backup/backup.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Files, Outside } from "../base/outside.ts";
import { readState, type ResourceState } from "../database/state.ts";
import { isRootShared } from "../monitor/shared-mounts.ts";
import { replay } from "../membership/copy-image.ts";
import { isEtcdPlace } from "../quorum/etcd/place.ts";
import { openQuorum } from "../quorum/open.ts";
import { parseTag } from "../quorum/tag.ts";
import type {
  ClusterFact,
  DoctorFacts,
  HiveFact,
  Looked,
  NodeFact,
  OutlivingFact,
  RecordFact,
  ServiceFact,
  SetFact,
} from "../recovery/doctor-facts.ts";
import { findVersionFiles } from "../recovery/force-quorum-files.ts";
import { type Copy, type NodeCopy, newestFirst } from "../recovery/force-quorum-copies.ts";
import type { QuorumFact } from "../recovery/doctor-quorum.ts";
import { lastResult, readDatabase, readRecord } from "../restore/restore.ts";
import { hivesAtRest, readHiveAtRest } from "../registry/hive-at-rest.ts";
import { formatTag } from "../quorum/tag.ts";
import { findValue, type Key } from "../tree/key.ts";
import { textOf } from "../tree/value.ts";
import { fileOfVersion, namedVersions } from "../backup/backup.ts";
import { whoHolds } from "./ask-node.ts";
import { lookAtStoredVersions } from "./doctor-versions.ts";
import { readNodeRecord } from "./node-record.ts";

/** What a look that failed leaves. */
export function notLooked(error: unknown): { readonly notChecked: string } {
  return { notChecked: failureOf(error).happened };
}

/** `node.json`. */
export async function lookAtRecord(files: Files, data: string): Promise<RecordFact> {
  try {
    const record = await readNodeRecord(files, data);
    if (record === undefined) return { state: "none" };
    const { node: id, name, cluster, instance, quorum } = record;
    return { state: "ok", id, name, cluster, instance, quorum };
  } catch (error) {
    const { name, happened: why } = failureOf(error);
    return { state: name === "ACCESS_DENIED" ? "denied" : "damaged", why };
  }
}

/** The service's own words; without an answer, what the locks in the folder say. */
export async function lookAtService(
  outside: Outside,
  data: string,
  ask: () => Promise<StatusView>,
): Promise<{ readonly service: ServiceFact; readonly status: StatusView | undefined }> {
  try {
    const status = await ask();
    const { state: role, because, waits, containment } = status.self;
    return { service: { state: "answers", role, because, waits, containment }, status };
  } catch (error) {
    const failure = failureOf(error);
    if (failure.name === "ACCESS_DENIED")
      return { service: { state: "denied", evidence: failure.happened }, status: undefined };
    const { state, evidence } = await whoHolds(outside, data);
    const stopped = state === "stopped" && failure.name === "SERVICE_NOT_ACTIVE";
    return {
      service: stopped
        ? { state: "stopped", evidence }
        : { state: "hangs", evidence: state === "running" ? evidence : failure.happened },
      status: undefined,
    };
  }
}

/** What the status says of the cluster; groups that are as they should be need not be told. */
export function clusterOf(status: StatusView): ClusterFact {
  const { leader, nodes, groups, resources, checkpoints } = status;
  const troubled = Map.groupBy(
    resources.filter(({ state, reason }) => reason !== "" && state !== "online"),
    ({ group }) => group,
  );
  return {
    leader: leader?.node ?? null,
    nodes: nodes.map(({ name, state, downBecause }) => ({ name, state, downBecause })),
    groups: groups.map(({ name, state, owner, wanted, held, heldOn, failed }) => ({
      name,
      state,
      owner,
      wanted,
      held,
      heldOn,
      failed,
      troubles: (troubled.get(name) ?? []).map(({ name: resource, reason }) => ({ resource, reason })),
    })),
    pending: checkpoints.pending,
  };
}

/** The database in an etcd, which has no copy among the files; undefined of a folder and when it can't be read. */
export async function databaseInEtcd(outside: Outside, quorum: Looked<QuorumFact>): Promise<Key | undefined> {
  if ("notChecked" in quorum || quorum.condition !== "in order" || !isEtcdPlace(quorum.place)) return undefined;
  try {
    return replay(await (await openQuorum(outside, quorum.place)).load()).tree;
  } catch {
    return undefined;
  }
}

/** The nodes as facts, with the role of this one from its service; `inForce` counts more than the copies. */
export async function nodeFacts(
  files: Files,
  { nodes, generations }: { readonly nodes: readonly NodeCopy[]; readonly generations: readonly Copy[] },
  service: ServiceFact,
  inForce: Key | undefined,
): Promise<NodeFact[]> {
  const tree = inForce ?? newestFirst(nodes, generations)[0]?.tree;
  const members = tree === undefined ? undefined : readState(tree).nodes;
  const facts = nodes.map(async ({ id, name, isSelf, data, life, copy, why }): Promise<NodeFact> => {
    const record = data === undefined ? undefined : await readNodeRecord(files, data).catch(() => undefined);
    const own =
      service.state === "answers"
        ? { life: roleLife(service.role), evidence: "" }
        : { life: "stopped" as const, evidence: "" };
    const { state, evidence } = isSelf ? { state: own.life, evidence: own.evidence } : life;
    return {
      id,
      name,
      isSelf,
      ...(data === undefined ? {} : { data }),
      ...(record === undefined ? {} : { quorum: record.quorum }),
      life: state,
      evidence,
      ...(life.deniesUs === true ? { deniesUs: true } : {}),
      ...(copy === undefined ? {} : { tag: formatTag(copy.tag), lineage: copy.lineage }),
      ...(why === undefined ? {} : { why }),
      isMember: members?.has(id) ?? true,
    };
  });
  return Promise.all(facts);
}

function roleLife(role: string): NodeFact["life"] {
  return role === "leader" || role === "member" ? "living" : role === "alone" ? "alone" : "unknown";
}

/** Fencing makes sense where nodes are on machines of their own and another one could take over. */
export function outlivingIn(tree: Key): OutlivingFact {
  const { nodes, resources } = readState(tree);
  const members = [...nodes.values()];
  return {
    resources: [...resources.values()].filter((one) => !one.diesWithHost).map(({ name, type }) => `${name} (${type})`),
    unfenced:
      members.length < 2 ? [] : members.filter((one) => one.fencing.devices.length === 0).map(({ name }) => name),
  };
}

/** Who is hindered where the containers of this machine do not follow what is unmounted. */
export async function lookAtMounts(
  files: Files,
  service: ServiceFact,
  tree: Key | undefined,
): Promise<Pick<DoctorFacts, "keptMounts">> {
  const hasOwnMounts = service.state === "answers" && ["cgroup", "pid-namespace"].includes(service.containment);
  if (tree === undefined || !hasOwnMounts || (await isRootShared(files))) return {};
  const mounts = ({ type, parameters }: ResourceState): boolean =>
    type === "Physical Disk" ||
    (type === "OCF Agent" && /\bFilesystem$/.test(textOf(parameters && findValue(parameters, "", "OcfAgent")) ?? ""));
  const all = [...readState(tree).resources.values()].filter(mounts);
  return { keptMounts: all.map(({ name, type }) => `${name} (${type})`) };
}

/** The current versions' files of the generation in force. `data` is the node's folder: its keys open what lies sealed in an etcd. */
export async function lookAtCheckpoints(
  outside: Pick<Outside, "files" | "random">,
  quorum: Looked<QuorumFact>,
  data: string,
): Promise<DoctorFacts["checkpoints"]> {
  const inForce = "notChecked" in quorum ? undefined : quorum.generations.find(({ inForce: is }) => is);
  if (inForce === undefined || "notChecked" in quorum || quorum.condition !== "in order")
    return { notChecked: "there is no quorum in order that holds them" };
  try {
    const { place } = quorum;
    if (isEtcdPlace(place)) return await lookAtStoredVersions(await openQuorum(outside, place, { data }));
    const { tree } = await readDatabase(outside, { kind: "generation", place, name: inForce.name });
    const folder = `${place}/generation/${inForce.name}`;
    const { lost } = await findVersionFiles(outside.files, tree, [folder]);
    return await Promise.all(
      namedVersions(tree)
        .filter(({ current }) => current)
        .map(async ({ resource, resourceName, path, fileDigest, ...version }) => {
          const missing = lost.find((one) => one.resource === resource && one.path === path);
          const file = fileOfVersion({ resource, ...version });
          if (missing === undefined) {
            const state = fileDigest === "" ? ("not checked" as const) : ("whole" as const);
            return { resource: resourceName, path, file, state };
          }
          const isThere = (await outside.files.stat(`${folder}/${missing.name}`)) !== undefined;
          return {
            resource: resourceName,
            path,
            file: missing.name,
            state: isThere ? ("damaged" as const) : ("lost" as const),
          };
        }),
    );
  } catch (error) {
    return notLooked(error);
  }
}

/** Each hive of the registry by itself. */
export async function lookAtHives(files: Files, folder: string): Promise<Looked<readonly HiveFact[]>> {
  try {
    const facts: HiveFact[] = [];
    for (const name of await hivesAtRest(files, folder)) {
      try {
        await readHiveAtRest(files, folder, name);
        facts.push({ name });
      } catch (error) {
        facts.push({ name, damage: failureOf(error).happened });
      }
    }
    return facts;
  } catch (error) {
    return notLooked(error);
  }
}

/** Restores on this node, and copies that were put aside. */
export async function lookAtFolder(
  files: Files,
  data: string,
): Promise<Pick<DoctorFacts, "unfinished" | "lastRestore" | "diverged" | "newestWrite">> {
  const record = await readRecord(files, data).catch(notLooked);
  const last = await lastResult(files, data).catch(() => undefined);
  const names = await files.list(data).catch((): readonly string[] => []);
  const copy = await files.stat(`${data}/ClusDb`).catch(() => undefined);
  return {
    unfinished: record === undefined ? null : "notChecked" in record ? record : { what: record.plan.set.path },
    lastRestore: last === undefined ? null : { outcome: last.outcome, sentence: last.sentence },
    diverged: names.filter((name) => name.startsWith("ClusDb.diverged-")),
    newestWrite: copy?.modified ?? null,
  };
}

/** Sets in the folder given, safety backups, the one that the database remembers and the one that was restored last. */
export async function lookAtBackups(
  outside: Pick<Outside, "files">,
  data: string,
  folder: string | undefined,
  tree: Key | undefined,
): Promise<Looked<readonly SetFact[]>> {
  try {
    const sets = new Map<string, SetFact>();
    const remembered = tree === undefined ? undefined : rememberedSet(tree);
    if (remembered !== undefined && (await outside.files.stat(remembered.path)) !== undefined)
      sets.set(remembered.path, remembered);
    const safety = `${data}/safety`;
    const restored = await lastResult(outside.files, data).catch(() => undefined);
    // A forced quorum names a file there.
    const set = (await outside.files.stat(restored?.set ?? safety))?.kind === "folder" ? restored?.set : undefined;
    for (const place of [safety, folder, set]) {
      if (place === undefined || (await outside.files.stat(place)) === undefined) continue;
      for (const { path, tag, time, complete } of await listBackups(outside, place))
        sets.set(path, { path, tag: tag ?? null, time, complete, isSafety: path.startsWith(`${safety}/`) });
    }
    return [...sets.values()].sort((a, b) => b.time - a.time);
  } catch (error) {
    return notLooked(error);
  }
}

function rememberedSet(tree: Key): SetFact | undefined {
  const text = (name: string): string | undefined => textOf(findValue(tree, "Runtime\\LastBackup", name));
  const [path, tag, time] = [text("Path"), text("Tag"), text("Time")];
  if (path === undefined || tag === undefined || parseTag(tag) === undefined) return undefined;
  return { path, tag, time: Number(time), complete: true, isSafety: false };
}
