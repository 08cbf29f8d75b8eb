import type { VNode } from "preact";
import type { RecreationLineView } from "../../../src/api/routes/recovery.ts";
import { DiffView } from "../diff-view.tsx";
import { type Look, StateMark } from "../state-mark.tsx";

/** What is said of each checkpoint. `words` are the words for results: of a plan, or of what was done. */
export function LineList({
  lines,
  words,
}: {
  lines: readonly RecreationLineView[];
  words: Readonly<Record<RecreationLineView["result"], string>>;
}): VNode {
  return (
    <ul class="rows lines">
      {lines.map((line) => (
        <Line key={`${line.resource} ${line.kind} ${line.path} ${line.result}`} line={line} word={words[line.result]} />
      ))}
    </ul>
  );
}

/** Results as a plan says them. */
export const planned: Readonly<Record<RecreationLineView["result"], string>> = {
  "re-created": "re-create",
  same: "same already",
  withdrawn: "delete, then re-create",
  failed: "can't",
};

/** Results as they are. */
export const done: Readonly<Record<RecreationLineView["result"], string>> = {
  "re-created": "re-created",
  same: "same already",
  withdrawn: "old file deleted",
  failed: "failed",
};

const looks: Readonly<Record<RecreationLineView["result"], Look>> = {
  "re-created": "good",
  same: "off",
  withdrawn: "busy",
  failed: "bad",
};

const fileWords: Readonly<Record<RecreationLineView["file"], string>> = {
  whole: "file whole",
  lost: "file lost",
  damaged: "file damaged",
  stale: "file of another version",
  withdrawn: "file deleted",
  "not read": "file not read",
};

function Line({ line, word }: { line: RecreationLineView; word: string }): VNode {
  const { path, resourceName, owner, result, file, sentence, aside, error, differences } = line;
  return (
    <li class="line">
      <div class="row">
        <span class="name path">{path}</span>
        <StateMark state={result} look={looks[result]} word={word} />
        <span class="soft">
          {resourceName} on {owner ?? "no node"}; {fileWords[file]}
        </span>
      </div>
      <p class="sentence">{sentence}</p>
      {error !== undefined && error.next !== "" && <p class="sentence">Next: {error.next}</p>}
      {aside !== undefined && (
        <p class="soft">
          The old file is kept on {owner ?? "the owner"}: <code>{aside}</code>
        </p>
      )}
      {differences !== undefined && differences.root !== null && (
        <details>
          <summary>What is live and not in the file</summary>
          <DiffView diff={differences} kind={line.kind} />
        </details>
      )}
    </li>
  );
}
