import { fail } from "../../base/errors.ts";

/** What stands between `${` and `}` of a template. */
export type Placeholder =
  /** `reg:PATH\VALUE`: a registry value below HKLM; a path that ends with `\` names the key's default value. */
  | { readonly kind: "reg"; readonly path: string; readonly value: string }
  /** `key:TYPE\NAME\KEY:path` is the path of a PEM file, `key:TYPE\NAME\KEY:pem` the PEM itself. */
  | { readonly kind: "key"; readonly container: string; readonly form: "path" | "pem" }
  /** `env:NAME`: an environment variable of the host's programs. */
  | { readonly kind: "env"; readonly name: string };

/** A template's parts in order: text as it is, and placeholders. */
export type TemplatePart = string | Placeholder;

/**
 * Reads a template. Only `${reg:…}`, `${key:…}` and `${env:…}` are placeholders; other `${…}` stay, so that shell and nginx variables
 * need no care. `$${reg:…}` gives the text `${reg:…}`.
 * @throws INVALID_PARAMETER naming a malformed placeholder
 */
export function parseTemplate(text: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let from = 0;
  for (const match of text.matchAll(/(\$?)\$\{(reg|key|env):([^}\n]*)\}/g)) {
    const [whole, escape, kind = "", content = ""] = match;
    parts.push(text.slice(from, match.index));
    parts.push(escape === "$" ? whole.slice(1) : placeholder(kind, content, whole));
    from = match.index + whole.length;
  }
  parts.push(text.slice(from));
  return parts.filter((part) => part !== "");
}

function placeholder(kind: string, content: string, whole: string): Placeholder {
  if (kind === "reg") {
    const slash = content.lastIndexOf("\\");
    if (slash > 0) return { kind: "reg", path: content.slice(0, slash), value: content.slice(slash + 1) };
  } else if (kind === "key") {
    const [, container, form] = /^(\d+\\[^\\]*\\.+):(path|pem)$/.exec(content) ?? [];
    if (container !== undefined) return { kind: "key", container, form: form === "pem" ? "pem" : "path" };
  } else if (content !== "") return { kind: "env", name: content };
  throw fail("INVALID_PARAMETER", {
    happened: `The template holds ${whole}, which is no placeholder.`,
    unchanged: "Nothing was written.",
    next: "Write ${reg:PATH\\VALUE}, ${key:TYPE\\NAME\\KEY:path}, ${key:TYPE\\NAME\\KEY:pem} or ${env:NAME}; $${ gives ${ itself.",
  });
}
