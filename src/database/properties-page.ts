/** The reference page of properties, made from the tables. */
import type { PropertySpec } from "./property-spec.ts";
import { commonProperties } from "./property-tables.ts";
import { builtInResourceTypes } from "./resource-type-tables.ts";
import { minusOne } from "./schema.ts";

const intro = `# Properties

Made by \`node tools/generate-properties.mjs\` from \`src/database/property-tables.ts\`; don't edit.

Names, types, ranges and defaults are those that Windows Server Failover Clustering documents, as far as they mean something here or
are commonly set. An absent value means its default. A number may be given in decimal, as \`0x…\`, as \`true\` or \`false\`, and as \`-1\`
for 4294967295. Properties that are read-only are refused with 5089, values outside the range with 87, of another type with 5895.
`;

const titles = {
  cluster: "Cluster",
  node: "Node",
  group: "Group",
  resource: "Resource",
  resourceType: "Resource type",
  network: "Network",
} as const;

/** The whole page as Markdown. */
export function propertiesPage(): string {
  const sections = Object.entries(titles).map(([kind, title]) =>
    section(title, commonProperties[kind as keyof typeof titles]),
  );
  const types = builtInResourceTypes.map((type) => {
    const ends = type.diesWithHost
      ? "Dies with its host."
      : "Does not die with its host: see `clubar node confirm-down`.";
    return `${section(`Parameters of ${type.name}`, type.privateProperties)}\n${type.description} ${ends}\n`;
  });
  return [intro, ...sections, ...types].join("\n");
}

function section(title: string, specs: readonly PropertySpec[]): string {
  const head = `## ${title}\n\n| Name | Type | Range | Default | Meaning |\n|---|---|---|---|---|\n`;
  return head + specs.map((spec) => `${row(spec)}\n`).join("");
}

function row(spec: PropertySpec): string {
  const type = spec.readOnly ? `${spec.type}, read-only` : spec.type;
  return `| ${spec.name} | ${type} | ${range(spec)} | ${standard(spec)} | ${spec.meaning} |`;
}

function range(spec: PropertySpec): string {
  if (spec.type !== "dword") return "";
  const also = spec.also === undefined ? "" : ` or ${number(spec.also)}`;
  return `${number(spec.min)} – ${number(spec.max)}${also}`;
}

function number(value: number): string {
  return value === minusOne ? "4294967295 (−1)" : String(value);
}

function standard(spec: PropertySpec): string {
  if (typeof spec.default === "number") return number(spec.default);
  return spec.default === undefined || Array.isArray(spec.default) ? "" : String(spec.default);
}
