/** One call of a fence agent: parameters on its standard input, where nobody else sees them; its exit code; nothing secret it says. */
import { fail } from "../base/errors.ts";
import { type Outside, OutsideError } from "../base/outside.ts";

/** Where agents are: those of Debian, or those of a test. */
export const agentFolder = "/usr/sbin";

/** An agent and what it is told. */
export interface AgentCall {
  /** Absolute path. */
  readonly path: string;
  readonly action: "off" | "reboot" | "status" | "monitor" | "list";
  readonly parameters: ReadonlyMap<string, string>;
  /** Values that no message may show. */
  readonly secrets: readonly string[];
  /** Milliseconds; then it is killed with all it started. */
  readonly timeout: number;
}

/** How it ended. */
export interface AgentAnswer {
  /** undefined: it was killed, because it took too long or because nobody waited any more. */
  readonly code: number | undefined;
  /** The last thing it said, for people; without secrets. */
  readonly said: string;
}

/** Exit codes that mean something, of fencing.py. Of `status`, 0 is on and 2 is off. */
export const agentCode = { ok: 0, off: 2 } as const;

const meanings = new Map<number, string>([
  [1, "it failed"],
  [2, "its arguments are wrong"],
  [3, "the device refused the login"],
  [4, "the connection was lost"],
  [5, "the device did not answer in time"],
  [6, "the machine did not go on"],
  [7, "the machine did not go off"],
  [8, "the device did not tell the status"],
  [10, "the password is missing"],
  [11, "the user lacks the rights"],
]);

/** "ended with 3 (the device refused the login)". */
export function agentSays({ code, said }: AgentAnswer): string {
  if (code === undefined) return `did not end in time${said === "" ? "" : `; it said last: ${said}`}`;
  const meaning = said === "" ? meanings.get(code) : said;
  return `ended with ${code}${meaning === undefined ? "" : ` (${meaning})`}`;
}

const killedByTimeout = 137;
const longestSaid = 200;

/** Rejects with FILE_NOT_FOUND when there is no such agent here. Killing it ends all it started. */
export async function runAgent(
  { processes }: Pick<Outside, "processes">,
  call: AgentCall,
  signal: AbortSignal,
): Promise<AgentAnswer> {
  const { path, action, parameters, secrets, timeout } = call;
  // `timeout` ends the agent's process group, also when this process is gone before.
  const child = await startAgent(processes, ["timeout", "-s", "KILL", String(timeout / 1000), path], path);
  let said = "";
  child.onLine((line) => {
    const text = line.trim();
    if (text !== "") said = text;
  });
  for (const [name, value] of [["action", action] as const, ...parameters]) child.tell(`${name}=${value}`);
  child.endInput();
  const end = await Promise.race([child.ended, aborted(signal)]);
  if (end === undefined) {
    // Its own signal, not KILL, so that it takes the group along.
    await processes.signal(child.identity, "SIGTERM").catch(() => false);
    return { code: undefined, said: "nobody waits for it any more" };
  }
  const isKilled = !("code" in end) || end.code === killedByTimeout;
  return { code: isKilled ? undefined : end.code, said: withoutSecrets(said, secrets) };
}

/** Its metadata as XML. Rejects as `runAgent`. */
export async function readMetadata({ processes }: Pick<Outside, "processes">, path: string): Promise<string> {
  const child = await startAgent(processes, ["timeout", "-s", "KILL", "20", path, "-o", "metadata"], path);
  const lines: string[] = [];
  child.onLine((line, from) => {
    if (from === "stdout") lines.push(line);
  });
  child.endInput();
  await child.ended;
  return lines.join("\n");
}

async function startAgent(
  processes: Outside["processes"],
  [command = "", ...args]: readonly string[],
  path: string,
): ReturnType<Outside["processes"]["start"]> {
  const environment = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C", LC_ALL: "C" };
  try {
    return await processes.start({ command, args, environment, folder: "/", output: "lines", input: true });
  } catch (cause) {
    if (!(cause instanceof OutsideError)) throw cause;
    throw fail("FILE_NOT_FOUND", { happened: `${path} can't be started: ${cause.message}.`, cause });
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

/** A password may be anywhere in what an agent says; a short one would leave nothing of it. */
function withoutSecrets(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) if (secret !== "") clean = clean.replaceAll(secret, "****");
  return clean.slice(0, longestSaid);
}
