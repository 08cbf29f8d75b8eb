/** A piece of HTML that is safe to show. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Builds HTML; everything that is put in is escaped unless it is HTML itself. Lists are joined. */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html {
  const piece = (value: string | number | Html | readonly Html[]): string => {
    if (value instanceof Html) return value.text;
    return typeof value === "string" || typeof value === "number"
      ? escapeHtml(String(value))
      : value.map((one) => one.text).join("");
  };
  return new Html(parts.map((part, at) => (at === 0 ? part : piece(values[at - 1] ?? "") + part)).join(""));
}

/** A text for HTML, in elements and in attributes. */
export function escapeHtml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (letter) => names[letter] ?? letter);
}
