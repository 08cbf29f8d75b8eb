/** The agent that says when it starts and stops (`stamp-agent.sh`): put where agents lie, and what it wrote. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** One start or stop. */
export interface Stamp {
  /** Wall time in milliseconds. */
  readonly at: number;
  readonly action: string;
  /** As the agent knows it: blanks and signs are underscores. */
  readonly resource: string;
}

/** A provider of one run's own among the machine's OCF agents, that goes when the bench ends. Takes root. */
const providerName = (pid: number): string => `clubar-bench-${pid}`;
const folderOf = (pid: number): string => `/usr/lib/ocf/resource.d/${providerName(pid)}`;

/** The agent, installed on this machine until `end`. */
export class StampAgent {
  readonly name: string = `ocf:${providerName(process.pid)}:Stamp`;
  readonly log: string;
  readonly #folder: string;

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "clubar-bench-stamps-"));
    this.log = join(this.#folder, "stamps");
    const provider = folderOf(process.pid);
    mkdirSync(provider, { recursive: true });
    const agent = join(provider, "Stamp");
    copyFileSync(fileURLToPath(new URL("stamp-agent.sh", import.meta.url)), agent);
    chmodSync(agent, 0o755);
    writeFileSync(this.log, "");
  }

  /** All so far, in the order of their lines. */
  stamps(): readonly Stamp[] {
    if (!existsSync(this.log)) return [];
    return readFileSync(this.log, "utf8")
      .trimEnd()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const [at = "", action = "", resource = ""] = line.split(" ");
        return { at: Number(at), action, resource };
      });
  }

  end(): void {
    removeProvider(process.pid);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Of a bench that ended without doing so itself. */
export function removeProvider(pid: number): void {
  rmSync(folderOf(pid), { recursive: true, force: true });
}
