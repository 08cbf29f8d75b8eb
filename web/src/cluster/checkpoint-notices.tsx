import type { VNode } from "preact";
import type { StatusView } from "../../../src/api/status-view.ts";
import { Notice } from "../notice.tsx";
import { href } from "../route.ts";

/** What is wrong with checkpoints: files that are lost, settings that will be replaced, changes that are not captured. */
export function CheckpointNotices({ checkpoints }: { checkpoints: StatusView["checkpoints"] }): VNode {
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
            {lost.map(({ resource, path, file, how, onlyOn }) => (
              <li key={`${resource} ${path}`}>
                {resource}: <code>{path}</code> ({file}) is {how}
                {onlyOn === null ? "." : `; ${resource} comes online on ${onlyOn} only.`}
              </li>
            ))}
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
            {offlineEdits.map(({ resource, path, node }) => (
              <li key={`${resource} ${path} ${node}`}>
                {resource}: <code>{path}</code> on {node}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {pending.length > 0 && (
        <Notice tone="warn">
          <p>
            <strong>Not captured yet.</strong>
          </p>
          <ul>
            {pending.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </Notice>
      )}
    </>
  );
}
