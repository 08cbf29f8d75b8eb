/** What may be used of the API by folders of its rank: its client and its types. */
export { ApiClient, apiPath } from "./client.ts";
export type { Transport } from "./client.ts";
export type { FrozenNode, RestoreOutcome, RestorePlanView, RestoreRequest, ThawedNode } from "./node-service.ts";
export type { BackupAnswer } from "./routes/backup.ts";
export { outcomeView, planView } from "./plan-view.ts";
export type { ClusterView } from "./routes/cluster.ts";
export type { ControlView } from "./routes/resources.ts";
export type { StatusView } from "./status-view.ts";
export type { GroupView, NodeView, ResourceTypeView, ResourceView } from "./views.ts";
