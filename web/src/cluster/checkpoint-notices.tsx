import type { VNode } from "preact";
import type { StatusView } from "../../../src/api/status-view.ts";
import { Notice } from "../notice.tsx";
import { href } from "../route.ts";
import { counted } from "../words.ts";

/** What is wrong with checkpoints: files that are lost, settings that will be replaced, changes that are not captured. */
export function CheckpointNotices({
  checkpoints,
  counts,
}: {
  checkpoints: StatusView["checkpoints"];
  counts: StatusView["counts"];
}): VNode {
  const { lost, offlineEdits, pending } = checkpoints;
  return (
    <>
      {lost.length > 0 && (
        <Notice tone="warn">
          <p>
            <strong>Checkpoints without their files.</strong> <a href={href("recovery")}>Re-create them</a> from what is
            live.
          </p>
          <ul>
            {lost.slice(0, shown).map(({ resource, path, file, how, onlyOn }) => (
              <li key={`${resource} ${path}`}>
                {resource}: <code>{path}</code> ({file}) is {how}
                {onlyOn === null ? "." : `; ${resource} comes online on ${onlyOn} only.`}
              </li>
            ))}
            <More noun="resource" count={counts.lost.count - resourcesIn(lost.slice(0, shown))} />
          </ul>
        </Notice>
      )}
      {offlineEdits.length > 0 && (
        <Notice tone="warn">
          <p>
            <strong>Changed while offline.</strong> The next online on that node replaces these settings; what is
            replaced is kept aside.
          </p>
          <ul>
            {offlineEdits.slice(0, shown).map(({ resource, path, node }) => (
              <li key={`${resource} ${path} ${node}`}>
                {resource}: <code>{path}</code> on {node}
              </li>
            ))}
            <More noun="resource" count={counts.edited.count - resourcesIn(offlineEdits.slice(0, shown))} />
          </ul>
        </Notice>
      )}
      {pending.length > 0 && (
        <Notice tone="warn">
          <p>
            <strong>Not captured yet.</strong>
          </p>
          <ul>
            {pending.slice(0, shown).map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
            <More noun="change" count={pending.length - shown} />
          </ul>
        </Notice>
      )}
    </>
  );
}

/** Lines of a notice; what is more is counted. */
const shown = 10;

function resourcesIn(lines: readonly { readonly resource: string }[]): number {
  return new Set(lines.map(({ resource }) => resource)).size;
}

function More({ count, noun }: { count: number; noun: string }): VNode | null {
  return count <= 0 ? null : <li class="soft">and {counted(count, noun)} more</li>;
}
