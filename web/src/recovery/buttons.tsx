import type { VNode } from "preact";

/** The buttons at the end of a step, in the order of every wizard. */
export function Buttons({
  onBack,
  next,
  disabled = false,
}: {
  onBack?: () => void;
  next: string;
  disabled?: boolean;
}): VNode {
  return (
    <div class="buttons">
      {onBack !== undefined && (
        <button type="button" onClick={onBack}>
          Back
        </button>
      )}
      <button type="submit" class="main" disabled={disabled}>
        {next}
      </button>
    </div>
  );
}

/** Keeps a form from being sent anywhere. */
export function kept(work: () => void): (event: Event) => void {
  return (event) => {
    event.preventDefault();
    work();
  };
}
