/** The doctor, asked through the service itself. */
import { statusView } from "../api/status-view.ts";
import { freeBytes } from "../base/outside-node-space.ts";
import { examineNode } from "../clusapi/doctor.ts";
import type { Diagnosis } from "../recovery/doctor.ts";
import type { ServiceNode } from "./service-node.ts";

const needsLook = { limit: Number.POSITIVE_INFINITY, attention: true };

/** As `clubar doctor` on this node. */
export function examineOwn(service: ServiceNode): Promise<Diagnosis> {
  const { outside, data } = service.parts;
  const ask = (): ReturnType<typeof statusView> => statusView(service, needsLook);
  return examineNode({ outside, data, command: `clubar --data ${data}`, ask, freeBytes });
}
