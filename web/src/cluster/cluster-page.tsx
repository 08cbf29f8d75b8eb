import type { VNode } from "preact";
import type { DecisionView } from "../../../src/api/routes/decisions.ts";
import type { StatusView } from "../../../src/api/status-view.ts";
import { Empty, Notice } from "../notice.tsx";
import { dateTime } from "../words.ts";
import { CheckpointNotices } from "./checkpoint-notices.tsx";
import { DecisionList } from "./decision-list.tsx";
import { DoctorPanel } from "./doctor-panel.tsx";
import { GroupList } from "./group-list.tsx";
import { NetworkList } from "./network-list.tsx";
import { NodeList } from "./node-list.tsx";

/** Nodes, groups and resources as they are now, and why. */
export function ClusterPage({ status, decisions }: { status: StatusView; decisions: readonly DecisionView[] }): VNode {
  const { cluster, self } = status;
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
      <CheckpointNotices checkpoints={status.checkpoints} />
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
      {status.groups.length === 0 ? (
        <Empty>There are no groups yet: clubar group create NAME.</Empty>
      ) : (
        <GroupList groups={status.groups} resources={status.resources} />
      )}
      <h2>Decisions</h2>
      <DecisionList decisions={decisions} />
    </>
  );
}

function Facts({ status }: { status: StatusView }): VNode {
  const { cluster, leader, lastBackup, checkpoints } = status;
  const newest = checkpoints.newest === null ? "" : `, newest ${dateTime(checkpoints.newest)}`;
  return (
    <dl class="facts">
      <Fact name="Leader" value={leader === null ? "not known" : `${leader.node}, epoch ${leader.epoch}`} />
      <Fact name="Database" value={`tag ${status.tag} on ${status.self.name}`} />
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
