/**
 * What a fence agent says of itself with `-o metadata`: the fence agent API of ClusterLabs (FenceAgentAPI.md), as the agents of Debian's
 * `fence-agents` 4.12 write it.
 */
import { parseXml, XmlElement } from "@rgrove/parse-xml";
import { fail } from "../base/errors.ts";

/** A line `name=value` that the agent understands. */
export interface AgentParameter {
  readonly name: string;
  /** The agent refuses to work without it, and has no default. */
  readonly required: boolean;
  /** An older name of the same. */
  readonly obsoletes: string | undefined;
}

/** The whole of it, as far as it is used here. */
export interface AgentMetadata {
  readonly name: string;
  readonly summary: string;
  readonly parameters: readonly AgentParameter[];
  readonly actions: readonly string[];
  /** It cuts a machine from its storage and lets it run on: of addresses and programs nothing follows. */
  readonly isFabric: boolean;
}

/** @throws INVALID_DATA when it is no such document; `agent` is for the message */
export function parseAgentMetadata(xml: string, agent: string): AgentMetadata {
  let root: XmlElement | null;
  try {
    root = parseXml(xml.slice(Math.max(0, xml.indexOf("<?xml")))).root;
  } catch (cause) {
    throw noMetadata(agent, "its metadata is no XML", cause);
  }
  if (root?.name !== "resource-agent") throw noMetadata(agent, "its metadata is none of a fence agent");
  const actions = below(root, "actions", "action");
  return {
    name: root.attributes["name"] ?? agent,
    summary: root.attributes["shortdesc"] ?? "",
    parameters: below(root, "parameters", "parameter").flatMap(readParameter),
    actions: actions.flatMap(({ attributes }) => attributes["name"] ?? []),
    isFabric: actions.some(({ attributes: { name, automatic } }) => name === "on" && automatic === "1"),
  };
}

function readParameter(parameter: XmlElement): AgentParameter[] {
  const { name = "", required = "", obsoletes } = parameter.attributes;
  const hasDefault = elements(parameter, "content").some(({ attributes }) => attributes["default"] !== undefined);
  return name === "" ? [] : [{ name, required: required === "1" && !hasDefault, obsoletes }];
}

/**
 * What is wrong with parameters of these names, as sentences; an agent itself only warns of names that it does not know.
 * Of two names for the same one is enough.
 */
export function troubleWith(metadata: AgentMetadata, given: readonly string[]): string[] {
  const known = new Set(metadata.parameters.map(({ name }) => name));
  const troubles = given.filter((name) => !known.has(name)).map((name) => `${metadata.name} knows no ${name}`);
  for (const { name, required, obsoletes } of metadata.parameters) {
    const newer = metadata.parameters.find((other) => other.obsoletes === name);
    const all = [name, obsoletes, newer?.name];
    if (!required || newer !== undefined || all.some((one) => one !== undefined && given.includes(one))) continue;
    troubles.push(`${metadata.name} needs ${name}`);
  }
  return troubles;
}

function below(root: XmlElement, list: string, item: string): readonly XmlElement[] {
  return elements(root, list).flatMap((each) => elements(each, item));
}

function elements(parent: XmlElement, name: string): readonly XmlElement[] {
  return parent.children.filter((child) => child instanceof XmlElement).filter((child) => child.name === name);
}

function noMetadata(agent: string, what: string, cause?: unknown): Error {
  return fail("INVALID_DATA", {
    happened: `${agent}: ${what}.`,
    unchanged: "It was not used.",
    next: `Run it by hand: ${agent} -o metadata.`,
    ...(cause === undefined ? {} : { cause }),
  });
}
