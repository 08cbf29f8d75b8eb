/** What the documentation tells a requester to do after an error. */
import type { ErrorName } from "../base/errors.ts";

/** What to do after an error; `waitMs` and `attempts` are given where the documentation gives them. */
export interface RetryGuidance {
  readonly action: "retry" | "retry-when-less-busy" | "add-volumes" | "give-up";
  readonly waitMs?: number;
  /** How often to try again at most. */
  readonly attempts?: number;
  readonly advice: string;
}

type VssErrorName = Extract<ErrorName, `VSS_E_${string}`>;

const tenMinutes: RetryGuidance = {
  action: "retry",
  waitMs: 600_000,
  attempts: 3,
  advice: "Wait ten minutes, then try again, up to three times.",
};
const lessBusy: RetryGuidance = { action: "retry-when-less-busy", advice: "Lower the load, then try again." };
const giveUp: RetryGuidance = { action: "give-up", advice: "Leave this writer's data out, or mend the writer first." };

/** Rows for the errors that the documentation gives advice for [nf-ivssbackupcomponents-dosnapshotset, writer-errors-and-vetoes]. */
export const retryGuidance: Readonly<Partial<Record<VssErrorName, RetryGuidance>>> = {
  VSS_E_FLUSH_WRITES_TIMEOUT: tenMinutes,
  VSS_E_HOLD_WRITES_TIMEOUT: tenMinutes,
  VSS_E_PROVIDER_VETO: tenMinutes,
  VSS_E_UNEXPECTED_PROVIDER_ERROR: tenMinutes,
  VSS_E_SNAPSHOT_SET_IN_PROGRESS: { action: "retry", advice: "Wait until the other shadow copy set is made." },
  VSS_E_WRITERERROR_RETRYABLE: {
    action: "retry",
    advice: "Try again; after several failures restart the service that hosts the writer.",
  },
  VSS_E_WRITERERROR_OUTOFRESOURCES: lessBusy,
  VSS_E_WRITERERROR_TIMEOUT: lessBusy,
  VSS_E_WRITER_STATUS_NOT_AVAILABLE: lessBusy,
  VSS_E_WRITERERROR_INCONSISTENTSNAPSHOT: {
    action: "add-volumes",
    advice: "Add the volumes that the writer's files are on to the shadow copy set.",
  },
  VSS_E_WRITERERROR_NONRETRYABLE: giveUp,
  VSS_E_WRITER_NOT_RESPONDING: giveUp,
};
