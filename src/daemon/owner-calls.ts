/** Checkpoint calls run on the node that owns the resource's group: only there the live registry and keys are the right ones. */
import type { CheckpointCall } from "../api/node-service.ts";
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { resourceControl } from "../checkpoint/control-codes.ts";
import { findResource } from "../database/commands/find.ts";
import { nodeState } from "../database/schema.ts";
import type { NodeState } from "../database/state.ts";
import { openLinuxDisks } from "../disks/linux-disks.ts";
import { diskResources } from "../recovery/disks/disk-resource.ts";
import { isStorageCode, type StorageAnswer, storageControl } from "../recovery/disks/storage-control.ts";
import type { ServiceNode } from "./service-node.ts";

/** How long an owner may take, in milliseconds; a large key takes its time. */
const ownerLimit = 60_000;

/** Finds the owner and calls it, or does the work when that is this node. */
export class OwnerCalls {
  readonly #service: ServiceNode;

  constructor(service: ServiceNode) {
    this.#service = service;
  }

  async call(call: CheckpointCall): Promise<unknown> {
    const state = this.#service.clusterState();
    const resource = findResource(state, call.resource);
    const group = resource.group === undefined ? undefined : state.groups.get(resource.group);
    const owner = group?.owner === undefined ? undefined : state.nodes.get(group.owner);
    if (owner === undefined) {
      throw fail("HOST_NODE_NOT_AVAILABLE", {
        happened: `Resource "${resource.name}" has no owner that is up.`,
        unchanged: "Nothing was changed.",
        next: "Bring its group online on a node first.",
      });
    }
    if (owner.state === nodeState.down || owner.endpoint === undefined) {
      throw fail("CLUSTER_NODE_DOWN", {
        happened: `Node ${owner.name}, which owns resource "${resource.name}", is down.`,
        unchanged: "Nothing was changed.",
        next: "Start that node, or bring the group online on another one first.",
      });
    }
    const asked = { ...call, resource: resource.id };
    const isHere = owner.id === this.#service.node.id;
    const work = isHere ? this.#here(asked) : this.#service.callers.call(owner.endpoint, "at-owner", asked, ownerLimit);
    return work.catch((error: unknown) => {
      throw isHere ? error : namingOwner(error, owner, resource.name);
    });
  }

  #here(call: CheckpointCall): Promise<unknown> {
    const { checkpoints } = this.#service;
    switch (call.call) {
      case "add":
        return checkpoints.add(call.resource, call.kind, call.path, call);
      case "remove":
        return checkpoints.remove(call.resource, call.kind, call.path);
      case "revert":
        return checkpoints.revert(call.resource, call.path, call.number);
      case "capture":
        return checkpoints.captureNow(call.resource);
      case "audit":
        return checkpoints.audit(call.resource);
      case "recreate":
      case "withdraw": {
        const { call: verb, resource, ...options } = call;
        return verb === "recreate" ? checkpoints.recreate(resource, options) : checkpoints.withdraw(resource, options);
      }
      case "control":
        if (isStorageCode(call.code)) return askStorage(this.#service, call);
        return resourceControl(checkpoints, call.resource, call.code, call.input, call.outSize);
    }
  }
}

function askStorage(
  service: ServiceNode,
  call: Extract<CheckpointCall, { readonly call: "control" }>,
): Promise<StorageAnswer> {
  const { disks, outside } = service.parts;
  const state = service.clusterState();
  const tree = service.database.tree();
  const of = diskResources(tree, state).find(({ resource }) => resource.id === call.resource);
  return storageControl({ files: outside.files, disks: disks ?? openLinuxDisks(outside) }, of, call);
}

/** A checkpoint that could not be captured; all texts but `why` are empty when a whole node could not be asked. */
export interface CaptureFailure {
  readonly resource: string;
  readonly path: string;
  readonly why: string;
}

/** Captures everything pending of what runs on this node; what could not be, and why. */
export async function captureAll(service: ServiceNode): Promise<readonly CaptureFailure[]> {
  const failures: CaptureFailure[] = [];
  for (const [id, running] of service.life()?.owner.running() ?? []) {
    if (running.phase !== "online") continue;
    const { failed } = await service.checkpoints.captureNow(id);
    failures.push(...failed.map(({ path, why }) => ({ resource: id, path, why })));
  }
  return failures;
}

/** Captures on every node that is up; a node that can't be asked is reported as a failure of its own. */
export async function captureEverywhere(service: ServiceNode): Promise<readonly CaptureFailure[]> {
  const others = [...service.clusterState().nodes.values()].filter((node) => node.id !== service.node.id);
  const answers = await Promise.all([captureAll(service), ...others.map((node) => captureAt(service, node))]);
  return answers.flat();
}

async function captureAt(service: ServiceNode, node: NodeState): Promise<readonly CaptureFailure[]> {
  if (node.state === nodeState.down || node.state === nodeState.unknown || node.endpoint === undefined) return [];
  try {
    return (await service.callers.call(node.endpoint, "capture-all", {}, ownerLimit)) as readonly CaptureFailure[];
  } catch (error) {
    return [
      {
        resource: "",
        path: "",
        why: `node ${node.name} could not be asked: ${error instanceof Error ? error.message : String(error)}`,
      },
    ];
  }
}

/** What another node says of itself as "this node" must not be taken for the node where a person typed. */
function namingOwner(error: unknown, owner: NodeState, resource: string): Failure {
  const failure = failureOf(error);
  return fail(failure.name, {
    happened: `Node ${owner.name}, which owns resource "${resource}", says: ${failure.happened}`,
    unchanged: failure.unchanged,
    next: `${failure.next} Do that on node ${owner.name}, or move the group first.`.trim(),
    cause: failure,
  });
}
