/** Running a system program so that nothing of it happens unknown to whoever comes after this process. */
import { fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";
import type { MountStarted } from "./disks.ts";

/** Where mount, umount and sh are looked for. */
const environment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin", LC_ALL: "C" };

/**
 * Runs a program that waits for a word: first `started` is told its process, and only then it begins. When this process dies before, the
 * word never comes and the program ends without having done anything. @throws RESOURCE_FAILED with what the program said
 */
export async function runGated(
  outside: Outside,
  command: readonly string[],
  started: MountStarted,
  signal: AbortSignal,
): Promise<void> {
  const gate = 'read -r word && test "$word" = go && exec "$@"';
  await finish(outside, ["sh", "-c", gate, "sh", ...command], started, signal);
}

/** Runs a program to its end. @throws RESOURCE_FAILED with what it said */
export async function runProgram(outside: Outside, command: readonly string[]): Promise<void> {
  await finish(outside, command, () => Promise.resolve(), new AbortController().signal);
}

async function finish(
  outside: Outside,
  command: readonly string[],
  started: MountStarted,
  signal: AbortSignal,
): Promise<void> {
  const [program = "", ...args] = command;
  const child = await outside.processes.start({ command: program, args, environment, output: "lines", input: true });
  const said: string[] = [];
  child.onLine((line) => said.push(line.trim()));
  const kill = (): void => void outside.processes.signal(child.identity, "SIGKILL").catch(() => false);
  signal.addEventListener("abort", kill);
  try {
    await started(child.identity);
    if (signal.aborted) kill();
    else child.tell("go");
  } catch (cause) {
    kill();
    await child.ended;
    throw cause;
  }
  const end = await child.ended;
  signal.removeEventListener("abort", kill);
  if ("code" in end && end.code === 0) return;
  const words = said.filter((line) => line !== "" && !line.includes("dmesg(1)")).join(" ");
  throw fail("RESOURCE_FAILED", {
    happened: words === "" ? `${command.join(" ")} ended without doing it.` : `The system says: ${words}`,
  });
}
