/** Tables and lists of facts in plain text. */

/** Columns of texts under headings, two spaces apart; the last column is not padded. `empty` is shown when there is no row. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], empty: string): string {
  if (rows.length === 0) return `${empty}\n`;
  const all = [headings, ...rows].map((row) => row.map(oneLine));
  const widths = headings.map((_, column) => all.reduce((most, row) => Math.max(most, width(row[column] ?? "")), 0));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + " ".repeat((widths[column] ?? 0) - width(cell) + 2),
      )
      .join("")
      .trimEnd();
  return `${all.map(line).join("\n")}\n`;
}

/** Facts, a line each: name, value. Values that are undefined are left out. */
export function facts(pairs: readonly (readonly [string, string | number | undefined])[]): string {
  const there = pairs.filter(([, value]) => value !== undefined && value !== "");
  const widest = Math.max(0, ...there.map(([name]) => width(name)));
  return there
    .map(([name, value]) => `${name}${" ".repeat(widest - width(name) + 2)}${oneLine(String(value))}\n`)
    .join("");
}

/** What could move a terminal's cursor or turn the order of its text is shown, not sent; lone surrogates too, which no terminal has. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/gu, (unit) => {
    const code = unit.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** The same for a text of several lines, whose ends and tabs stay. */
export function plainText(text: string): string {
  return text
    .split(/([\n\t])/)
    .map((part) => (part === "\n" || part === "\t" ? part : oneLine(part)))
    .join("");
}

let segments: Intl.Segmenter | undefined;

function width(text: string): number {
  // Texts in ASCII are nearly all there are.
  if (/^[ -~]*$/.test(text)) return text.length;
  segments ??= new Intl.Segmenter();
  return [...segments.segment(text)].length;
}
