/** What the web page asks of a node beside `NodeService`; `daemon/` implements it. */
import type { ListedBackup } from "../backup/read.ts";
import type { VerifyReport } from "../backup/verify.ts";
import type { Decision } from "../database/replica.ts";

/** What only the page and tools like it need. */
export interface PageService {
  /** The newest updates, the oldest first. */
  decisions(): Promise<readonly Decision[]>;
  /** Backup sets in a folder and below it, or those that this node knows of; newest first. PATH_NOT_FOUND, DIRECTORY. */
  sets(folder: string | undefined): Promise<readonly ListedBackup[]>;
  /** Checks a set part by part; DATABASE_BACKUP_CORRUPT when the backup was never finished. */
  verify(path: string): Promise<VerifyReport>;
}
