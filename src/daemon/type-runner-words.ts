import { fileURLToPath } from "node:url";

/** The words that start the process of a third party's resource type; a socket or `--describe`, and the module follow. */
export function typeRunner(): readonly string[] {
  return [process.execPath, "--max-old-space-size=128", fileURLToPath(new URL("./type-runner.ts", import.meta.url))];
}
