/** A file set as an element: the same in both documents. */
import type { FileSet } from "./metadata.ts";
import { element, type Element } from "./xml.ts";
import { Fields, yesNo } from "./xml-fields.ts";

/** `name` says what the files are. */
export function fileSetElement(name: string, files: FileSet): Element {
  const { path, fileSpec, recursive, alternatePath } = files;
  return element(name, { path, filespec: fileSpec, recursive: yesNo(recursive), alternatePath });
}

/** Throws VSS_E_INVALID_XML_DOCUMENT. */
export function readFileSet(from: Element): FileSet {
  const fields = new Fields(from);
  const alternatePath = fields.optional("alternatePath");
  const files = { path: fields.text("path"), fileSpec: fields.text("filespec"), recursive: fields.flag("recursive") };
  fields.finish();
  return alternatePath === undefined ? files : { ...files, alternatePath };
}
