/**
 * The shell in which a host begins the commands of containers that are nothing but a cgroup (`machine-application.ts`). One for all of
 * them: a process for each would cost more than most commands do.
 */
import type { Child, Outside, ProcessIdentity } from "../base/outside.ts";
import { callKilled, quoteWord } from "./request-line.ts";
import type { Containment } from "./containment.ts";
import { killTree } from "./process-tree.ts";

/**
 * $1 host's pid. A request line is a number and shell words; it answers "began NUMBER PID" and "done NUMBER CODE", or "lost NUMBER" when
 * the command could not enter its cgroup or folder and was not run. The trap answers also where words that the shell can't take end it.
 * `jobs` reaps without another process. It ends with its input, so with its host. `nl` is a line break, which no request line can hold.
 */
const script = `
[ "$PPID" = "$1" ] || exit 125
exec 7>&1 >/dev/null 2>&1
nl='
'
enter() {
  echo 0 >"$1/cgroup.procs" && cd "$2" && command exec </dev/null >>"$3" 2>&1 && return
  echo "lost $number" >&7
  exit
}
while read -r number words; do
  ( trap 'echo "done $number $?" >&7' 0; eval "$words" ) &
  echo "began $number $!" >&7
  jobs
done
`;

/** Where a command runs. */
export interface CallPlace {
  /** Absolute path of the cgroup that it enters first. */
  readonly cgroup: string;
  readonly folder: string;
  /** Its output is appended here. */
  readonly log: string;
}

/** One command of the shell. */
interface Request {
  readonly cgroup: string;
  pid: number | undefined;
  readonly answer: PromiseWithResolvers<number | undefined>;
}

const shells = new WeakMap<Outside, CallShell>();

/** The shell of this host: made with its first container, ended with its last, made again when it is gone. */
export class CallShell {
  readonly #outside: Outside;
  readonly #kind: Containment;
  readonly #requests = new Map<string, Request>();
  #child: Promise<Child> | undefined;
  #containers = 0;
  #last = 0;

  private constructor(outside: Outside, kind: Containment) {
    this.#outside = outside;
    this.#kind = kind;
  }

  static of(outside: Outside, kind: Containment): CallShell {
    const shell = shells.get(outside) ?? new CallShell(outside, kind);
    shells.set(outside, shell);
    return shell;
  }

  /** For one more container, until `leave`. Resolves when it runs. */
  async enter(): Promise<ProcessIdentity> {
    this.#containers += 1;
    try {
      return (await this.#running()).identity;
    } catch (cause) {
      this.#containers -= 1;
      throw cause;
    }
  }

  /** Once for each `enter`. */
  leave(): void {
    this.#containers -= 1;
    if (this.#containers > 0) return;
    void this.#child?.then((child) => child.endInput());
    this.#child = undefined;
  }

  /**
   * Runs shell words, in which a line break stands between single quotes only; its exit code, or undefined when `signal` or the shell
   * ended first or the place is gone. After `limit` milliseconds it is killed with what came of it.
   */
  async call(place: CallPlace, line: string, signal: AbortSignal, limit?: number): Promise<number | undefined> {
    const child = await this.#running();
    if (signal.aborted) return undefined;
    const number = String(++this.#last);
    const { cgroup, folder, log } = place;
    const request: Request = { cgroup, pid: undefined, answer: Promise.withResolvers() };
    const giveUp = (): void => request.answer.resolve(undefined);
    signal.addEventListener("abort", giveUp);
    this.#requests.set(number, request);
    const enter = [cgroup, folder, log].map(quoteWord).join(" ");
    child.tell(`${number} enter ${enter}; ${line} 7>&-`.replaceAll("\n", `'"$nl"'`));
    const over = new AbortController();
    if (limit !== undefined) void this.#endAfter(limit, request, over.signal);
    const code = await request.answer.promise;
    over.abort();
    this.#requests.delete(number);
    signal.removeEventListener("abort", giveUp);
    return code;
  }

  /** Kills the commands of a cgroup that are under way, wherever they moved to since they entered it. */
  async endCalls(cgroup: string): Promise<void> {
    const open = [...this.#requests.values()].filter((each) => each.cgroup === cgroup);
    await Promise.all(open.map((each) => this.#kill(each)));
  }

  async #kill({ pid }: Request): Promise<void> {
    const parent = (await this.#child?.catch(() => undefined))?.identity.pid;
    if (pid !== undefined && parent !== undefined) await killTree(this.#outside, { pid, parent });
  }

  async #endAfter(limit: number, request: Request, over: AbortSignal): Promise<void> {
    await this.#outside.timers.sleep(limit, over);
    if (over.aborted) return;
    await this.#kill(request);
    request.answer.resolve(callKilled);
  }

  #running(): Promise<Child> {
    if (this.#child === undefined) {
      const started = this.#start();
      this.#child = started;
      this.#untilEnded(started).catch(() => {
        if (this.#child === started) this.#child = undefined;
      });
    }
    return this.#child;
  }

  async #start(): Promise<Child> {
    const { processes } = this.#outside;
    const { setsid, shell } = this.#kind;
    const words = ["-c", script, "clubar-calls", String(processes.self.pid)];
    const [command, ...args] = setsid === undefined ? [shell, ...words] : [setsid, shell, ...words];
    const child = await processes.start({
      command,
      args,
      environment: {},
      folder: "/",
      output: "lines",
      input: true,
    });
    child.onLine((line) => this.#hear(line));
    return child;
  }

  async #untilEnded(started: Promise<Child>): Promise<void> {
    const { ended } = await started;
    await ended;
    if (this.#child !== started) return;
    this.#child = undefined;
    for (const { answer } of this.#requests.values()) answer.resolve(undefined);
  }

  #hear(line: string): void {
    const [word, number = "", value] = line.split(" ");
    const request = this.#requests.get(number);
    if (request === undefined) return;
    if (word === "began") request.pid = Number(value);
    else request.answer.resolve(word === "done" ? Number(value) : undefined);
  }
}
