import type { ComponentChildren, VNode } from "preact";
import { useState } from "preact/hooks";
import { Buttons, kept } from "./buttons.tsx";

/** A form in which something is chosen: the third screen of every function. What is wrong is said, and where it is mended has the focus. */
export function Chosen({
  problem,
  show,
  onBack,
  onNext,
  disabled = false,
}: {
  /** What is wrong with the choice, and the selector of the field; undefined when nothing is. */
  problem: () => Promise<{ readonly why: string; readonly field: string } | undefined>;
  show: (wrong: string) => ComponentChildren;
  onBack: () => void;
  onNext: () => void;
  disabled?: boolean;
}): VNode {
  const [wrong, setWrong] = useState("");
  const next = async (): Promise<void> => {
    const found = await problem();
    setWrong(found?.why ?? "");
    if (found === undefined) onNext();
    else document.querySelector<HTMLElement>(found.field)?.focus();
  };
  return (
    <form onSubmit={kept(() => void next())} noValidate>
      {show(wrong)}
      <Buttons next="Next" onBack={onBack} disabled={disabled} />
    </form>
  );
}

/** Said below a field; `id` is what the field is described by. */
export function Wrong({ id, wrong }: { id: string; wrong: string }): VNode {
  return (
    <p class="wrong" id={id} role="alert">
      {wrong}
    </p>
  );
}
