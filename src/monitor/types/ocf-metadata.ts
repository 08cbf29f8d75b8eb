/**
 * What an OCF agent says of itself with `meta-data`: Open Cluster Framework Resource Agent API 1.0 and 1.1 (ra-api-1.dtd), as the agents of
 * Debian's `resource-agents` write it.
 */
import { parseXml, XmlElement } from "@rgrove/parse-xml";
import { fail } from "../../base/errors.ts";
import { foldName } from "../../tree/path.ts";
import type { ParameterProblem, ParameterRow, Parameters } from "../parameters.ts";

/** clubar's own parameters of a resource that an agent serves; the agent's stand beside them. */
export const ocfRows: readonly ParameterRow[] = [
  {
    name: "OcfAgent",
    kind: "text",
    required: true,
    meaning: "The agent, ocf:PROVIDER:NAME such as ocf:heartbeat:IPaddr2; it must be there on every possible owner.",
  },
  {
    name: "OcfCheckLevel",
    kind: "number",
    required: false,
    default: 0,
    meaning:
      "How deep IsAlive looks (OCF_CHECK_LEVEL), one of the depths that the agent offers; LooksAlive looks at 0.",
  },
];

/** A parameter of an agent; its value goes to OCF_RESKEY_<name>. */
export interface OcfParameter {
  readonly name: string;
  readonly required: boolean;
}

/** An action that the agent offers. */
export interface OcfAction {
  readonly name: string;
  /** Milliseconds that the agent asks for; undefined when it says nothing. */
  readonly timeout: number | undefined;
  /** Of `monitor`: how deep it looks (OCF_CHECK_LEVEL). */
  readonly depth: number;
}

/** The whole of it, as far as it is used here. */
export interface OcfMetadata {
  readonly name: string;
  readonly parameters: readonly OcfParameter[];
  readonly actions: readonly OcfAction[];
}

/** @throws INVALID_DATA when it is no such document; `agent` is for the message */
export function parseOcfMetadata(xml: string, agent: string): OcfMetadata {
  let root: XmlElement | null;
  try {
    root = parseXml(xml).root;
  } catch (cause) {
    throw noMetadata(agent, "its meta-data is no XML", cause);
  }
  if (root?.name !== "resource-agent") throw noMetadata(agent, "its meta-data is none of a resource agent");
  const parameters = below(root, "parameters", "parameter").map(({ attributes }) => ({
    name: attributes["name"] ?? "",
    required: /^(1|true|yes)$/i.test(attributes["required"] ?? ""),
  }));
  const actions = below(root, "actions", "action").map(({ attributes }) => ({
    name: attributes["name"] ?? "",
    timeout: milliseconds(attributes["timeout"] ?? ""),
    depth: Number(attributes["depth"] ?? 0) || 0,
  }));
  return {
    name: root.attributes["name"] ?? agent,
    parameters: parameters.filter(({ name }) => name !== ""),
    actions: actions.filter(({ name }) => name !== ""),
  };
}

/** What the agent does not know, misses, or can't do. */
export function ocfProblems(metadata: OcfMetadata, parameters: Parameters): readonly ParameterProblem[] {
  const own = ocfRows.map(({ name }) => foldName(name));
  const given = [...parameters.asTexts()].map(([name]) => name).filter((name) => !own.includes(foldName(name)));
  const problems: ParameterProblem[] = given
    .filter((name) => !metadata.parameters.some((each) => each.name === name))
    .map((name) => {
      const like = metadata.parameters.find((each) => foldName(each.name) === foldName(name));
      const sentence = `There is no parameter ${name}${like === undefined ? "" : `; it is written ${like.name}`}.`;
      return { name, isMissing: false, sentence };
    });
  for (const { name, required } of metadata.parameters) {
    if (required && !given.includes(name)) problems.push({ name, isMissing: true, sentence: `${name} is missing.` });
  }
  const depths = [...new Set(metadata.actions.filter(({ name }) => name === "monitor").map(({ depth }) => depth))];
  const level = parameters.number("OcfCheckLevel");
  if (level !== 0 && !depths.includes(level)) {
    const sentence = `OcfCheckLevel is ${level}; the agent offers ${depths.join(", ")}.`;
    problems.push({ name: "OcfCheckLevel", isMissing: false, sentence });
  }
  return problems;
}

function below(root: XmlElement, list: string, item: string): readonly XmlElement[] {
  return elements(root, list).flatMap((each) => elements(each, item));
}

function elements(parent: XmlElement, name: string): readonly XmlElement[] {
  return parent.children.filter((child) => child instanceof XmlElement).filter((child) => child.name === name);
}

/** "20s", "20", "500ms", "2m", "1min", "1h": seconds unless it says otherwise. */
export function milliseconds(text: string): number | undefined {
  const [, number, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const factor = units.get(unit.toLowerCase());
  return number === undefined || factor === undefined ? undefined : Number(number) * factor;
}

const units = new Map([
  ["", 1000],
  ["s", 1000],
  ["sec", 1000],
  ["ms", 1],
  ["msec", 1],
  ["us", 0.001],
  ["usec", 0.001],
  ["m", 60_000],
  ["min", 60_000],
  ["h", 3_600_000],
  ["hr", 3_600_000],
]);

function noMetadata(agent: string, what: string, cause?: unknown): Error {
  return fail("INVALID_DATA", {
    happened: `${agent}: ${what}.`,
    unchanged: "It was not started.",
    next: `Run it by hand: OCF_ROOT=/usr/lib/ocf ${agent} meta-data.`,
    ...(cause === undefined ? {} : { cause }),
  });
}
