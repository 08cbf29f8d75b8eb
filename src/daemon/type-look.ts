/** What modules and agents say of themselves, on every node that is up: before anything that names them is stored. */
import type { NodeReport, NodeType, TypeCalls } from "../api/node-service.ts";
import type { ErrorName } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { nodeState } from "../database/schema.ts";
import type { TypeDescription } from "../monitor/module-messages.ts";
import {
  describeModule,
  lookAtParameters,
  type LookParts,
  type ParameterReport,
  type ParametersAsked,
} from "../monitor/type-look.ts";
import { isOcfType } from "../monitor/types/ocf-agent.ts";
import type { ServiceNode } from "./service-node.ts";

/** How long a node may take, in milliseconds. */
const limit = 20_000;

/** Names of the calls between nodes. */
export const typeCall = { describe: "describe-type", check: "check-parameters" } as const;

/** This node's end of both calls. */
export function ownTypes({ parts }: ServiceNode): {
  readonly describe: (module: string) => Promise<TypeDescription>;
  readonly check: (asked: ParametersAsked) => Promise<ParameterReport>;
} {
  const { outside, hostProgram, typeRunner: runner = [] } = parts;
  const look: LookParts = { outside, environment: hostProgram.environment, runner };
  return { describe: (module) => describeModule(look, module), check: (asked) => lookAtParameters(look, asked) };
}

/** Asks all nodes. */
export function typeCalls(service: ServiceNode): TypeCalls {
  return {
    describe: (module) =>
      everywhere<NodeType>(
        service,
        async (node, ask) => ({
          node,
          description: (await ask(typeCall.describe, module, (own) => own.describe(module))) as TypeDescription,
          trouble: "",
        }),
        (node, trouble, error) => ({
          node,
          description: undefined,
          trouble,
          ...(error === undefined ? {} : { error }),
        }),
      ),
    async check(asked) {
      if (asked.module === undefined && !isOcfType(asked.type)) {
        return [{ node: service.node.name, report: await ownTypes(service).check(asked), trouble: "" }];
      }
      return everywhere<NodeReport>(
        service,
        async (node, ask) => ({
          node,
          report: (await ask(typeCall.check, asked, (own) => own.check(asked))) as ParameterReport,
          trouble: "",
        }),
        (node, trouble) => ({ node, report: undefined, trouble }),
      );
    },
  };
}

type Ask = (
  method: string,
  body: unknown,
  here: (own: ReturnType<typeof ownTypes>) => Promise<unknown>,
) => Promise<unknown>;

/** One answer a node, by name. */
function everywhere<T>(
  service: ServiceNode,
  work: (node: string, ask: Ask) => Promise<T>,
  failed: (node: string, trouble: string, error?: ErrorName) => T,
): Promise<readonly T[]> {
  const nodes = [...service.clusterState().nodes.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return Promise.all(
    nodes.map(async ({ id, name, state, endpoint }) => {
      const isOwn = id === service.node.id;
      if (!isOwn && state === nodeState.down) return failed(name, "the node is down");
      const ask: Ask = (method, body, here) =>
        isOwn ? here(ownTypes(service)) : service.callers.call(endpoint ?? "", method, body, limit);
      return work(name, ask).catch((error: unknown) => failed(name, failureOf(error).happened, failureOf(error).name));
    }),
  );
}
