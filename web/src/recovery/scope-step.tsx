import type { VNode } from "preact";
import type { StatusView } from "../../../src/api/status-view.ts";
import type { ResourceView } from "../../../src/api/views.ts";
import { get, problemOf } from "../api.ts";
import { useAsked } from "../asked.ts";
import { counted } from "../words.ts";
import { Chosen, Wrong } from "./chosen.tsx";

/** What to re-create. */
export interface Scope {
  readonly all: boolean;
  /** As typed; counts when not `all`. */
  readonly resource: string;
  /** The files of all versions go first. */
  readonly deleteFirst: boolean;
}

/** What is chosen when nobody has chosen yet. */
export const wholeCluster: Scope = { all: true, resource: "", deleteFirst: false };

/** The third screen: all resources, or one that is typed or taken from the list. */
export function ScopeStep({
  status,
  scope,
  onScope,
  onBack,
  onNext,
}: {
  status: StatusView;
  scope: Scope;
  onScope: (scope: Scope) => void;
  onBack: () => void;
  onNext: () => void;
}): VNode {
  const typed = scope.resource.trim();
  const found = useAsked("resources", () => resourcesLike(typed), typed);
  const names = found.answer?.map(({ name }) => name) ?? [];
  const problem = async (): ReturnType<Parameters<typeof Chosen>[0]["problem"]> => {
    const why = scope.all ? "" : await problemWith(typed);
    return why === "" ? undefined : { why, field: "#resource" };
  };
  const show = (wrong: string): VNode => (
    <>
      <fieldset>
        <legend class="unseen">Resources</legend>
        <label class="choice">
          <input type="radio" name="scope" checked={scope.all} onChange={() => onScope({ ...scope, all: true })} />
          <span>
            <strong>All resources</strong>
            <span class="soft">
              One after the other, online, offline or failed:{" "}
              {counted(status.counts.resourcesWithCheckpoints, "resource")} with{" "}
              {counted(status.checkpoints.count, "checkpoint")}. One that fails does not stop the others.
            </span>
          </span>
        </label>
        <label class="choice">
          <input type="radio" name="scope" checked={!scope.all} onChange={() => onScope({ ...scope, all: false })} />
          <span>
            <strong>Specific resource</strong>
            <span class="soft">Type its name or choose it from the list.</span>
          </span>
        </label>
        <ResourceField
          names={names}
          wrong={wrong}
          value={scope.resource}
          onValue={(resource) => onScope({ ...scope, all: false, resource })}
        />
      </fieldset>
      <DeleteFirst checked={scope.deleteFirst} onChecked={(deleteFirst) => onScope({ ...scope, deleteFirst })} />
    </>
  );
  return <Chosen problem={problem} show={show} onBack={onBack} onNext={onNext} />;
}

function ResourceField({
  names,
  wrong,
  value,
  onValue,
}: {
  names: readonly string[];
  wrong: string;
  value: string;
  onValue: (value: string) => void;
}): VNode {
  return (
    <div class="under">
      <label for="resource">Resource</label>
      <input
        id="resource"
        list="resources"
        autocomplete="off"
        spellcheck={false}
        value={value}
        aria-invalid={wrong !== ""}
        aria-describedby="resource-wrong"
        onInput={({ currentTarget }) => onValue(currentTarget.value)}
      />
      <datalist id="resources">
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <Wrong id="resource-wrong" wrong={wrong} />
    </div>
  );
}

function DeleteFirst({ checked, onChecked }: { checked: boolean; onChecked: (checked: boolean) => void }): VNode {
  return (
    <label class="choice plain">
      <input type="checkbox" checked={checked} onChange={({ currentTarget }) => onChecked(currentTarget.checked)} />
      <span>
        <strong>Delete the old files first</strong>
        <span class="soft">
          After a restore of the quorum from a backup: no old file can be put in place any more, should an application
          come online meanwhile. A copy of each is kept aside on its owner.
        </span>
      </span>
    </label>
  );
}

/** Names that are offered. */
const offered = "50";

/** The one that is called so is the first of them. */
function resourcesLike(typed: string): Promise<readonly ResourceView[]> {
  return get<readonly ResourceView[]>("/resources", { search: typed === "" ? undefined : typed, limit: offered });
}

async function problemWith(typed: string): Promise<string> {
  if (typed === "") return "Type the name of a resource, or choose All resources.";
  try {
    const [first] = await resourcesLike(typed);
    return first?.name.toLowerCase() === typed.toLowerCase() ? "" : `There is no resource "${typed}" in this cluster.`;
  } catch (error) {
    return problemOf(error).message;
  }
}
