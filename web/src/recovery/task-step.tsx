import type { VNode } from "preact";
import { Buttons, kept } from "./buttons.tsx";

/** The two functions of the utility. */
export type Task = "checkpoints" | "disk";

/** The second screen. */
export function TaskStep({
  task,
  onTask,
  onBack,
  onNext,
}: {
  task: Task;
  onTask: (task: Task) => void;
  onBack: () => void;
  onNext: () => void;
}): VNode {
  return (
    <form onSubmit={kept(onNext)}>
      <fieldset>
        <legend class="unseen">Task</legend>
        <label class="choice">
          <input type="radio" name="task" checked={task === "checkpoints"} onChange={() => onTask("checkpoints")} />
          <span>
            <strong>Restore cluster resource checkpoints</strong>
            <span class="soft">
              Re-creates the checkpoint files of resources from the registry keys and key containers that are live on
              their owners: after files were lost or damaged, or after the quorum was replaced or restored.
            </span>
          </span>
        </label>
        <label class="choice">
          <input type="radio" name="task" checked={task === "disk"} onChange={() => onTask("disk")} />
          <span>
            <strong>Replace a physical disk resource</strong>
            <span class="soft">
              Puts another disk's resource in the place of one: what depended on the old one depends on the new one,
              which gets its mount point.
            </span>
          </span>
        </label>
      </fieldset>
      <Buttons next="Next" onBack={onBack} />
    </form>
  );
}
