import type { VNode } from "preact";
import type { DecisionView } from "../../../src/api/routes/decisions.ts";
import type { StatusView } from "../../../src/api/status-view.ts";
import { groupsAtOnce, type GroupLook } from "../live.ts";
import { Empty, Notice } from "../notice.tsx";
import { counted, dateTime } from "../words.ts";
import { CheckpointNotices } from "./checkpoint-notices.tsx";
import { DecisionList } from "./decision-list.tsx";
import { DoctorPanel } from "./doctor-panel.tsx";
import { GroupFinder } from "./group-finder.tsx";
import { GroupList } from "./group-list.tsx";
import { NetworkList } from "./network-list.tsx";
import { NodeList } from "./node-list.tsx";

/** Nodes, groups and resources as they are now, and why. */
export function ClusterPage({
  status,
  decisions,
  view,
}: {
  status: StatusView;
  decisions: readonly DecisionView[];
  view: GroupLook;
}): VNode {
  const { cluster, self, counts } = status;
  const isMember = self.state === "member" || self.state === "leader";
  return (
    <>
      <h1>{cluster.name}</h1>
      {!isMember && (
        <Notice tone="bad">
          <p>
            <strong>Node {self.name} is in no cluster with a leader now.</strong> {self.because}
          </p>
          <p>It shows its last copy of the database, which may be old, and changes nothing.</p>
        </Notice>
      )}
      {self.waits.map((wait) => (
        <Notice key={wait} tone="warn">
          <p>
            <strong>The leader waits.</strong> {wait}
          </p>
        </Notice>
      ))}
      <CheckpointNotices checkpoints={status.checkpoints} counts={counts} />
      <Facts status={status} />
      <DoctorPanel />
      <h2>Nodes</h2>
      <NodeList status={status} />
      {status.networks.length > 0 && (
        <>
          <h2>Networks</h2>
          <NetworkList networks={status.networks} />
        </>
      )}
      <h2>Groups and resources</h2>
      {(counts.groups > groupsAtOnce || view.search !== "" || view.attention) && (
        <GroupFinder status={status} view={view} />
      )}
      {counts.groups === 0 && <Empty>There are no groups yet: clubar group create NAME.</Empty>}
      {counts.groups > 0 && status.groups.length === 0 && <Empty>No group is like that.</Empty>}
      {status.groups.length > 0 && <GroupList groups={status.groups} resources={status.resources} />}
      <h2>Decisions</h2>
      <DecisionList decisions={decisions} />
    </>
  );
}

function Facts({ status }: { status: StatusView }): VNode {
  const { cluster, leader, lastBackup, checkpoints, counts } = status;
  const newest = checkpoints.newest === null ? "" : `, newest ${dateTime(checkpoints.newest)}`;
  return (
    <dl class="facts">
      <Fact name="Leader" value={leader === null ? "not known" : `${leader.node}, epoch ${leader.epoch}`} />
      <Fact name="Database" value={`tag ${status.tag} on ${status.self.name}`} />
      {counts.groups > groupsAtOnce && (
        <Fact name="Size" value={`${counted(counts.groups, "group")}, ${counted(counts.resources, "resource")}`} />
      )}
      <Fact name="Checkpoints" value={`${checkpoints.count}${newest}`} />
      <Fact name="Last backup" value={lastBackup === null ? "none known" : dateTime(lastBackup.time)} />
      <Fact name="Quorum" value={cluster.quorum} />
      <Fact name="Identity" value={`${cluster.instance}, generation ${cluster.generation}`} />
    </dl>
  );
}

function Fact({ name, value }: { name: string; value: string }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
