/** IVssExamineWriterMetadata. */
import type { VssExamineWriterMetadata } from "./backup-components.ts";
import { readWriterMetadata, writeWriterMetadata } from "./writer-metadata-xml.ts";
import type { WriterMetadata } from "./metadata.ts";

/** From a saved writer metadata document. Throws VSS_E_CORRUPT_XML_DOCUMENT, VSS_E_INVALID_XML_DOCUMENT. */
export function createVssExamineWriterMetadata(document: string): VssExamineWriterMetadata {
  return examine(readWriterMetadata(document));
}

/** Of what a writer has just said. */
export function examine(metadata: WriterMetadata): VssExamineWriterMetadata {
  return {
    metadata,
    getRestoreMethod: () => metadata.restoreMethod,
    saveAsXml: () => writeWriterMetadata(metadata),
  };
}
