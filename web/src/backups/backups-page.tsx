import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { ListedBackup } from "../../../src/backup/read.ts";
import type { StatusView } from "../../../src/api/status-view.ts";
import { get } from "../api.ts";
import { useAsked } from "../asked.ts";
import { Empty, Notice, ProblemNotice } from "../notice.tsx";
import { age, dateTime } from "../words.ts";
import { BackupRow } from "./backup-row.tsx";

/** The sets that this node knows of, or those in a folder; each can be verified. */
export function BackupsPage({ status }: { status: StatusView }): VNode {
  const [typed, setTyped] = useState("");
  const [folder, setFolder] = useState<string>();
  const version = String(status.lastBackup?.time ?? "");
  const { answer, problem, waiting, again } = useAsked(
    folder ?? "",
    () => get<ListedBackup[]>("/sets", { folder }, 120_000),
    version,
  );
  const look = (event: Event): void => {
    event.preventDefault();
    const wanted = typed.trim() === "" ? undefined : typed.trim();
    if (wanted === folder) again();
    else setFolder(wanted);
  };
  const { lastBackup, self } = status;
  return (
    <>
      <h1>Backups</h1>
      {lastBackup === null ? (
        <Notice tone="warn">
          <p>
            <strong>No backup is known.</strong> Take one: clubar backup {status.cluster.name} /path/to/set
          </p>
        </Notice>
      ) : (
        <p>
          The last one was taken {age(lastBackup.time)}, {dateTime(lastBackup.time)}, by node {lastBackup.node} at tag{" "}
          <code>{lastBackup.tag}</code>.
        </p>
      )}
      <form class="line" onSubmit={look}>
        <label for="folder">Folder on {self.name} to look in</label>
        <input
          id="folder"
          autocomplete="off"
          spellcheck={false}
          placeholder="sets that this node knows of"
          value={typed}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        <button type="submit" disabled={waiting}>
          Look
        </button>
      </form>
      {problem !== undefined && <ProblemNotice problem={problem} />}
      {answer === undefined && problem === undefined && <p class="empty">The sets are looked for …</p>}
      {answer?.length === 0 && (
        <Empty>{folder === undefined ? "This node sees no set." : `There is no set in ${folder}.`}</Empty>
      )}
      {answer !== undefined && answer.length > 0 && (
        <ul class="rows backups">
          {answer.map((set) => (
            <BackupRow key={set.path} set={set} instance={status.cluster.instance} />
          ))}
        </ul>
      )}
    </>
  );
}
