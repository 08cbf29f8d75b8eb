/** Runs the command in this process against a pretended node, and catches what it says. */
import { runCli } from "../../src/cli/run.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import type { Scene } from "../api/scene.ts";

/** How a call of the command ended. */
export interface Ended {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** What a test says about the person who calls. */
export interface Caller {
  /** What is typed at each question; without it there is no terminal. */
  readonly answers?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** As of the terminal: is told what Ctrl-C would say. */
  readonly onInterrupt?: (say: () => string) => () => void;
}

/** Without a scene no service answers, which is how most of the command line can be tried. */
export async function clubar(args: readonly string[], scene?: Scene, caller: Caller = {}): Promise<Ended> {
  let out = "";
  let err = "";
  const answers = [...(caller.answers ?? [])];
  const terminal: Terminal = {
    out: (text) => void (out += text),
    outBytes: (bytes) => void (out += new TextDecoder().decode(bytes)),
    err: (text) => void (err += text),
    canAsk: caller.answers !== undefined,
    errIsTerminal: false,
    ask: (question) => {
      err += question;
      return Promise.resolve(answers.shift() ?? "");
    },
    now: () => Date.UTC(2030, 0, 1),
    elapsed: () => performance.now(),
    sleep: () => new Promise((resolve) => setImmediate(resolve)),
    folder: caller.folder ?? "/here",
    environment: { CLUBAR_DATA: scene?.folder ?? "/nowhere/clubar", ...caller.environment },
    ...(caller.onInterrupt === undefined ? {} : { onInterrupt: caller.onInterrupt }),
  };
  const client = scene === undefined ? {} : { client: () => scene.client };
  const exit = await runCli(args, { terminal, ...client });
  return { exit, out, err };
}
