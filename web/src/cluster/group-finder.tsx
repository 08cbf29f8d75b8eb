import type { VNode } from "preact";
import type { StatusView } from "../../../src/api/status-view.ts";
import { groupsAtOnce, type GroupLook, live } from "../live.ts";

/** Above the groups of a large cluster: finding some of them, and the way to the next. */
export function GroupFinder({ status, view }: { status: StatusView; view: GroupLook }): VNode {
  const { counts, groups } = status;
  const needy = counts.broken.count + counts.busy.count + counts.held.count;
  const { from } = view;
  const shown = counts.matching === 0 ? "None" : `${from + 1}–${from + groups.length} of ${counts.matching}`;
  return (
    <search class="finder">
      <label>
        <span class="unseen">Find a group or resource</span>
        <input
          type="search"
          placeholder="Find a group or resource"
          autocomplete="off"
          spellcheck={false}
          value={view.search}
          onInput={({ currentTarget }) => live.look({ search: currentTarget.value, from: 0 })}
        />
      </label>
      <label class="tick">
        <input
          type="checkbox"
          checked={view.attention}
          onChange={({ currentTarget }) => live.look({ attention: currentTarget.checked, from: 0 })}
        />
        Only what needs a look ({needy})
      </label>
      <span class="soft" role="status">
        {shown}
      </span>
      <span class="turn">
        <Turn word="Previous" from={from - groupsAtOnce} isThere={from > 0} />
        <Turn word="Next" from={from + groupsAtOnce} isThere={from + groups.length < counts.matching} />
      </span>
    </search>
  );
}

function Turn({ word, from, isThere }: { word: string; from: number; isThere: boolean }): VNode {
  return (
    <button type="button" disabled={!isThere} onClick={() => live.look({ from: Math.max(0, from) })}>
      {word}
    </button>
  );
}
