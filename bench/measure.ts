/** What all benches share: medians, and rows of a table. */

/** One line of the result: a quantity with its spread over the runs of this execution. */
export interface Row {
  readonly bench: string;
  readonly what: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
  /** How this relates to another row of the same execution, for people. */
  readonly note?: string;
}

let tell: (one: Row) => void = () => undefined;

/** From now on `listener` gets every row as soon as it is known; what relates it to others may come later. */
export function whenRow(listener: (one: Row) => void): void {
  tell = listener;
}

/** `values` must not be empty. A row without a bench's name is only for reckoning. */
export function row(bench: string, what: string, unit: string, values: readonly number[], note?: string): Row {
  const sorted = [...values].sort((a, b) => a - b);
  const [min, max] = [sorted[0] ?? Number.NaN, sorted.at(-1) ?? Number.NaN];
  const one: Row = {
    bench,
    what,
    unit,
    median: median(sorted),
    min,
    max,
    runs: sorted.length,
    ...(note === undefined ? {} : { note }),
  };
  if (bench !== "") tell(one);
  return one;
}

/** Of the middle two their mean. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** `values[index]` such that `share` of all are at most that. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** "2.3 times" of two medians. */
export function ratio(a: Row, b: Row): string {
  return `${(a.median / b.median).toFixed(2)} × ${b.what}`;
}

function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3);
}

/** One row for a terminal, by itself. */
export function rowLine({ bench, what, unit, median, min, max, runs }: Row): string {
  const spread = runs > 1 ? ` (${number(min)} … ${number(max)}, ${runs} runs)` : "";
  return `${bench}: = ${what}: ${number(median)} ${unit}${spread}`;
}

/** A table for docs/manual/performance.md. */
export function markdown(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ what, unit, median, min, max, note }) =>
      `| ${what} | ${number(median)} ${unit} | ${number(min)} … ${number(max)} | ${note ?? ""} |`,
  );
  return ["| what | median | min … max | beside |", "|---|---|---|---|", ...lines].join("\n");
}

/** A table for a terminal. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((one) => [
    one.bench,
    one.what,
    `${number(one.median)} ${one.unit}`,
    `${number(one.min)} … ${number(one.max)}`,
    String(one.runs),
    one.note ?? "",
  ]);
  const all = [["bench", "what", "median", "min … max", "runs", ""], ...cells];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((line) => (line[column] ?? "").length)));
  return all
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
