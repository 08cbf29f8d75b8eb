/** Figures of Pacemaker from the same execution, put beside ours. */
import { type Row, row } from "../measure.ts";
import type { BenchOptions, Say } from "../options.ts";
import { whyNoPacemaker } from "./lab.ts";

/** A row of Pacemaker's. */
export interface PeerRow {
  readonly row: Row;
  /** As it is called in the ratios, as "Pacemaker tuned". */
  readonly name: string;
  /** `what` of the rows of ours that it stands beside. */
  readonly ours: readonly string[];
}

/** Makes one. */
export function peerRow(
  bench: string,
  [name, what]: readonly [name: string, what: string],
  values: readonly number[],
  ours: readonly string[],
  note?: string,
): PeerRow {
  return { row: row(bench, `${name}: ${what}`, "ms", values, note), name, ours };
}

/**
 * Our bench and then Pacemaker's, whose ratios take the place of the reference figures in our rows. Without Pacemaker, our rows alone.
 * Rejects when a row of ours that one of Pacemaker's stands beside is missing.
 */
export async function beside(
  own: readonly Row[],
  peer: (options: BenchOptions, say: Say) => Promise<readonly PeerRow[]>,
  options: BenchOptions,
  say: Say,
): Promise<readonly Row[]> {
  const why = options.peer ? whyNoPacemaker() : "--no-peer";
  if (why !== false) {
    say(`NOT MEASURED beside Pacemaker: ${why}`);
    return own;
  }
  const peers = await peer(options, say);
  for (const what of peers.flatMap(({ ours }) => ours))
    if (!own.some((one) => one.what === what)) throw new Error(`no row is called "${what}"`);
  return [...own.map((one) => ({ ...one, ...noteOf(one, peers) })), ...peers.map((one) => one.row)];
}

function noteOf(one: Row, peers: readonly PeerRow[]): Pick<Row, "note"> {
  const ratios = peers
    .filter(({ ours }) => ours.includes(one.what))
    .map(({ row, name }) => `${(one.median / row.median).toPrecision(2)} × ${name}`);
  return ratios.length === 0 ? {} : { note: ratios.join("; ") };
}
