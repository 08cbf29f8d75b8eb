/** What every bench is told, and how one is described. */
import type { Row } from "./measure.ts";

/** As given to `npm run bench`. */
export interface BenchOptions {
  /** Runs of each thing; some benches take fewer of what lasts long. */
  readonly runs: number;
  /** Whether Pacemaker is run too, where it is installed. */
  readonly peer: boolean;
  /** Runs of each thing on Pacemaker. */
  readonly peerRuns: number;
  /** How many resources Pacemaker gets where clubar gets 1,000. */
  readonly peerResources: number;
  /** Length of the soak. */
  readonly minutes: number;
}

export type Say = (line: string) => void;

/** One line of the table of benches. */
export interface Bench {
  readonly run: (options: BenchOptions, say: Say) => Promise<readonly Row[]>;
  /** About how long it takes on a quiet machine with two cores. */
  readonly seconds: (options: BenchOptions) => number;
  /** It takes long: it runs only when it is named. */
  readonly onlyNamed?: boolean;
}
