import type { VNode } from "preact";
import type { StatusView } from "../../../src/api/status-view.ts";
import type { ResourceView } from "../../../src/api/views.ts";
import { get } from "../api.ts";
import { useAsked } from "../asked.ts";
import { Empty, ProblemNotice } from "../notice.tsx";
import { Chosen, Wrong } from "./chosen.tsx";

/** Which disk resource takes the place of which; ids, "" while nothing is chosen. */
export interface DiskScope {
  readonly old: string;
  readonly with: string;
}

/** What is chosen when nobody has chosen yet. */
export const noDisks: DiskScope = { old: "", with: "" };

const diskType = "physical disk";

/** The third screen of the second function: the old disk's resource and the new one's. */
export function DiskScopeStep({
  status,
  scope,
  onScope,
  onBack,
  onNext,
}: {
  status: StatusView;
  scope: DiskScope;
  onScope: (scope: DiskScope) => void;
  onBack: () => void;
  onNext: () => void;
}): VNode {
  const { answer, problem: trouble } = useAsked(
    "disks",
    () => get<readonly ResourceView[]>("/resources", { type: diskType }),
    status.tag,
  );
  const disks = answer ?? [];
  const options = disks.map(({ id, name, state }) => ({ id, text: `${name} (${state})` }));
  const problem: Parameters<typeof Chosen>[0]["problem"] = () => {
    const why = problemWith(scope);
    return Promise.resolve(why === "" ? undefined : { why, field: scope.old === "" ? "#old-disk" : "#new-disk" });
  };
  const show = (wrong: string): VNode => (
    <>
      {trouble !== undefined && <ProblemNotice problem={trouble} />}
      {answer !== undefined && disks.length < 2 && (
        <Empty>
          There {disks.length === 1 ? "is one Physical Disk resource" : "are no Physical Disk resources"} in this
          cluster. Make one for the new disk first, in the group of the old one.
        </Empty>
      )}
      <DiskField
        id="old-disk"
        label="Old disk resource"
        options={options}
        value={scope.old}
        onValue={(old) => onScope({ ...scope, old })}
      />
      <DiskField
        id="new-disk"
        label="New disk resource"
        options={options}
        value={scope.with}
        onValue={(chosen) => onScope({ ...scope, with: chosen })}
      />
      <Wrong id="disks-wrong" wrong={wrong} />
    </>
  );
  return <Chosen problem={problem} show={show} onBack={onBack} onNext={onNext} disabled={disks.length < 2} />;
}

function DiskField({
  id,
  label,
  options,
  value,
  onValue,
}: {
  id: string;
  label: string;
  options: readonly { readonly id: string; readonly text: string }[];
  value: string;
  onValue: (value: string) => void;
}): VNode {
  return (
    <p>
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        aria-describedby="disks-wrong"
        onChange={({ currentTarget }) => onValue(currentTarget.value)}
      >
        <option value="">Choose …</option>
        {options.map((one) => (
          <option key={one.id} value={one.id}>
            {one.text}
          </option>
        ))}
      </select>
    </p>
  );
}

function problemWith({ old, with: fresh }: DiskScope): string {
  if (old === "") return "Choose the resource of the old disk.";
  if (fresh === "") return "Choose the resource of the new disk.";
  return old === fresh ? "Choose two different resources." : "";
}
