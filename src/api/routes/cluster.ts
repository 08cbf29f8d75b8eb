import * as z from "zod";
import { renameCluster, setClusterProperties } from "../../database/commands/cluster.ts";
import { isEtcdPlace } from "../../quorum/etcd/place.ts";
import { formatTag } from "../../quorum/tag.ts";
import { fail } from "../../base/errors.ts";
import { moveCalls } from "../move-calls.ts";
import type { ForceQuorumCalls, MoveQuorumAsked } from "../node-service.ts";
import { propertyInputs } from "../property-inputs.ts";
import { type ApiContext, type ApiRoutes, bodyOf, changes, routes, stateOf } from "../request.ts";
import { requireAbsolute } from "./backup.ts";
import { type PropertiesView, propertiesView } from "../views.ts";

/** Answered by GET /cluster. */
export interface ClusterView {
  readonly name: string;
  readonly instance: string;
  readonly generation: number;
  readonly lineage: string;
  readonly tag: string;
  readonly quorum: { readonly kind: string; readonly place: string };
  readonly properties: PropertiesView;
}

const patch = z.strictObject({ name: z.string().optional(), properties: propertyInputs.optional() });

const force = z.strictObject({
  quorum: z.string().min(1).optional(),
  from: z.string().min(1).optional(),
  force: z.boolean().default(false),
  hold: z.boolean().default(false),
  planId: z.string().optional(),
});

const move = z.strictObject({ place: z.string().min(1), planId: z.string().optional() });

/**
 * GET /cluster; PATCH /cluster {name?, properties?}; POST /cluster/force-quorum/plan and /cluster/force-quorum {quorum?, from?, force?,
 * hold?, planId?}; POST /cluster/set-quorum/plan and /cluster/set-quorum {place, planId?}.
 */
export function cluster(): ApiRoutes {
  return routes()
    .get("/", (context) => {
      const { service } = context.var;
      const state = stateOf(context);
      const { instance, generation, lineage } = service.identity();
      const { kind, place } = service.quorum;
      const view: ClusterView = {
        name: state.cluster.name,
        instance,
        generation,
        lineage,
        tag: formatTag(service.database.tag()),
        quorum: { kind, place },
        properties: propertiesView(state, "", "cluster"),
      };
      return context.json(view);
    })
    .post("/force-quorum/plan", async (context) => {
      const asked = await bodyOf(context, force);
      return context.json(await forceCalls(context, asked.quorum).plan(asked));
    })
    .post("/force-quorum", async (context) => {
      const asked = await bodyOf(context, force);
      return context.json(await forceCalls(context, asked.quorum).carryOut(asked));
    })
    .post("/set-quorum/plan", async (context) => {
      const { place } = await bodyOf(context, move);
      return context.json(await moveCalls(context.var.service).plan(moveTo(place)));
    })
    .post("/set-quorum", async (context) => {
      const { place, planId } = await bodyOf(context, move);
      const agreed = planId === undefined ? {} : { planId };
      return context.json(await moveCalls(context.var.service).carryOut({ ...moveTo(place), ...agreed }));
    })
    .patch("/", async (context) => {
      const { name, properties } = await bodyOf(context, patch);
      return changes(context, [
        ...(name === undefined ? [] : [(tree: Parameters<typeof renameCluster>[0]) => renameCluster(tree, { name })]),
        ...(properties === undefined
          ? []
          : [(tree: Parameters<typeof renameCluster>[0]) => setClusterProperties(tree, { properties })]),
      ]);
    });
}

function moveTo(place: string): MoveQuorumAsked {
  if (isEtcdPlace(place)) return { kind: "etcd", place };
  requireAbsolute(place);
  return { kind: "directory", place };
}

function forceCalls(context: ApiContext, quorum: string | undefined): ForceQuorumCalls {
  if (quorum !== undefined) requireAbsolute(quorum);
  const { forceQuorum } = context.var.service;
  if (forceQuorum !== undefined) return forceQuorum;
  throw fail("CALL_NOT_IMPLEMENTED", {
    happened: "This node's quorum is of a kind that can't be forced.",
    unchanged: "Nothing was changed.",
  });
}
