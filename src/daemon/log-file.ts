/** The service's log: one file in the node's folder, appended line by line. */
import { appendFileSync } from "node:fs";

/** A writer of lines; what can't be written is lost rather than stopping the node. */
export function openLogFile(path: string): (line: string) => void {
  return (line) => {
    try {
      appendFileSync(path, `${line}\n`, { mode: 0o600 });
    } catch {
      // A full disk must not end the service.
    }
  };
}
