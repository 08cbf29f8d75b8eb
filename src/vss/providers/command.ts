/** Running the programs of volume managers. */
import { fail } from "../../base/errors.ts";
import { OutsideError } from "../../base/outside.ts";
import type { Outside } from "../../base/outside.ts";

/** What a provider that runs programs needs of the outside. */
export type CommandOutside = Pick<Outside, "files" | "processes" | "timers">;

/** How a program ended: its standard output, and its standard error in one line. */
export interface CommandResult {
  readonly ok: boolean;
  readonly lines: readonly string[];
  readonly error: string;
}

/** Where system programs are, whatever the PATH of this process is. */
const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** The longest that a program may take, in milliseconds. */
const longest = 60_000;

/** Runs a program without a shell; `ok` is false too when it is not there. A program that takes too long is killed. */
export async function runCommand(
  { processes, timers }: CommandOutside,
  command: string,
  args: readonly string[],
): Promise<CommandResult> {
  const lines: string[] = [];
  const errors: string[] = [];
  try {
    const child = await processes.start({ command, args, environment: { PATH: path, LC_ALL: "C" }, output: "lines" });
    child.onLine((line, from) => void (from === "stdout" ? lines : errors).push(line));
    const timer = new AbortController();
    const late = timers.sleep(longest, timer.signal).then(() => undefined);
    const end = await Promise.race([child.ended, late]);
    timer.abort();
    if (end === undefined) {
      await processes.signal(child.identity, "SIGKILL");
      return { ok: false, lines, error: `${command} took longer than ${longest} ms and was killed` };
    }
    const ok = "code" in end && end.code === 0;
    return { ok, lines, error: ok ? "" : errors.join("; ") || `${command} ended with ${JSON.stringify(end)}` };
  } catch (cause) {
    if (cause instanceof OutsideError) return { ok: false, lines, error: `${command}: ${cause.message}` };
    throw cause;
  }
}

/** Runs a program that must succeed. Throws VSS_E_UNEXPECTED_PROVIDER_ERROR. */
export async function needCommand(
  outside: CommandOutside,
  command: string,
  args: readonly string[],
): Promise<readonly string[]> {
  const { ok, lines, error } = await runCommand(outside, command, args);
  if (ok) return lines;
  throw fail("VSS_E_UNEXPECTED_PROVIDER_ERROR", {
    happened: `${[command, ...args].join(" ")} failed: ${error}.`,
    unchanged: "The volume is as it was.",
    next: "Mend that, then try again.",
  });
}
