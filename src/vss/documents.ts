import type { BackupComponentsDocument } from "./component.ts";
import type { WriterMetadata } from "./metadata.ts";
export function writeWriterMetadata(metadata: WriterMetadata): string { return JSON.stringify(metadata); }
export function readWriterMetadata(text: string): WriterMetadata { return JSON.parse(text) as WriterMetadata; }
export function writeBackupComponents(document: BackupComponentsDocument): string { return JSON.stringify(document); }
export function readBackupComponents(text: string): BackupComponentsDocument { return JSON.parse(text) as BackupComponentsDocument; }
