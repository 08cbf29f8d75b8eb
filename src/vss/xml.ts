/** XML as VSS documents need it: elements with attributes, no text, no document type. */
import { parseXml, XmlDocumentType, XmlElement, XmlText } from "@rgrove/parse-xml";
import { fail, type Failure } from "../base/errors.ts";

/** An element; attributes that are undefined are not written. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | undefined>>;
  readonly children: readonly Element[];
}

/** The longest document that is read, in UTF-16 units: 64 Mi. */
export const longestDocument = 67108864;
const deepest = 16;

/** Makes an element. */
export function element(name: string, attributes: Element["attributes"], children: readonly Element[] = []): Element {
  return { name, attributes, children };
}

/** The document as text. Any string is kept, also what XML does not allow: as `_xHHHH_`, the way of ECMA-376 (ST_Xstring). */
export function writeXml(root: Element): string {
  const lines: string[] = ['<?xml version="1.0" encoding="UTF-8"?>'];
  const write = ({ name, attributes, children }: Element, indent: string): void => {
    const texts = Object.entries(attributes).flatMap(([key, value]) =>
      value === undefined ? [] : [` ${key}="${escape(value)}"`],
    );
    lines.push(`${indent}<${name}${texts.join("")}${children.length === 0 ? "/>" : ">"}`);
    for (const child of children) write(child, `${indent}  `);
    if (children.length > 0) lines.push(`${indent}</${name}>`);
  };
  write(root, "");
  return `${lines.join("\n")}\n`;
}

/** Throws VSS_E_CORRUPT_XML_DOCUMENT for what is not well-formed, VSS_E_INVALID_XML_DOCUMENT for text, or a document type. */
export function readXml(text: string): Element {
  if (text.length > longestDocument) throw invalid(`it is longer than ${longestDocument} characters`);
  let document: ReturnType<typeof parseXml>;
  try {
    document = parseXml(text, { preserveDocumentType: true });
  } catch (cause) {
    throw corrupt(cause);
  }
  if (document.children.some((each) => each instanceof XmlDocumentType)) throw invalid("it has a document type");
  if (document.root === null) throw invalid("it has no element");
  return plain(document.root, 0);
}

/** VSS_E_INVALID_XML_DOCUMENT. */
export function invalid(why: string): Failure {
  return fail("VSS_E_INVALID_XML_DOCUMENT", {
    happened: `The XML document is not one of VSS: ${why}.`,
    unchanged: "Nothing of it was taken over.",
    next: "Give the document that saveAsXml made.",
  });
}

function corrupt(cause: unknown): Failure {
  const [why = ""] = (cause instanceof Error ? cause.message : String(cause)).split("\n");
  return fail("VSS_E_CORRUPT_XML_DOCUMENT", {
    happened: `The XML document is damaged: ${why}`,
    unchanged: "Nothing of it was taken over.",
    next: "Take another copy of it.",
    cause,
  });
}

function plain(from: XmlElement, depth: number): Element {
  if (depth > deepest) throw invalid(`its elements are nested more than ${deepest} deep`);
  const children: Element[] = [];
  for (const child of from.children) {
    if (child instanceof XmlElement) children.push(plain(child, depth + 1));
    else if (!(child instanceof XmlText) || child.text.trim() !== "") throw invalid(`${from.name} holds text`);
  }
  const attributes = Object.entries(from.attributes).map(([key, value]) => [key, decode(value)] as const);
  return { name: from.name, attributes: Object.fromEntries(attributes), children };
}

/** Control characters but tab and line ends, lone surrogates, and the two that are no characters. */
const forbidden =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
/** What would be taken for an encoded unit when the text is read. */
const alike = /_(?=x[0-9A-Fa-f]{4})/g;

function escape(text: string): string {
  return text
    .replace(alike, "_x005F_")
    .replace(forbidden, (unit) => `_x${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}_`)
    .replace(/[&<>"\t\n\r]/g, (unit) => `&#${unit.charCodeAt(0)};`);
}

function decode(text: string): string {
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
