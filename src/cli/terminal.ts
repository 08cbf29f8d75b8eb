/** The person or program that called: standard input and output, and what else a command needs of the process. */
import { createInterface } from "node:readline/promises";
import { openOutside } from "../base/outside-node.ts";
import { writerTo } from "./descriptor.ts";

/** What a command sees of the process around it. */
export interface Terminal {
  out(text: string): void;
  /** Bytes as they are. */
  outBytes(bytes: Uint8Array): void;
  err(text: string): void;
  /** Somebody can be asked: standard input and error are a terminal. */
  readonly canAsk: boolean;
  /** Standard error is a terminal: progress may be drawn. */
  readonly errIsTerminal: boolean;
  /** Asks and answers the line typed, without its end. "" when the input ended. */
  ask(question: string): Promise<string>;
  /** Wall time in milliseconds. */
  now(): number;
  /** Boot time in milliseconds. */
  elapsed(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** From now on Ctrl-C (SIGINT, SIGTERM) says this and ends the process with 130; until the returned function is called. */
  onInterrupt?(say: () => string): () => void;
  /** The working folder. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** This process's. Its streams are opened when they are needed, which takes time. */
export function openTerminal(): Terminal {
  // A reader that has seen enough (`| head`) is no error.
  const isEnough = ({ code }: NodeJS.ErrnoException): boolean => code === "EPIPE";
  const err = writerTo(
    2,
    () => process.stderr,
    (error) => process.exit(isEnough(error) ? (process.exitCode ?? 0) : 1),
  );
  const out = writerTo(
    1,
    () => process.stdout,
    (error) => {
      if (isEnough(error)) process.exit(process.exitCode ?? 0);
      // What the command did is done; only its words are lost.
      err(`clubar: The result can't be written: ${error.message}.\n`);
      process.exit(1);
    },
  );
  return {
    out,
    outBytes: out,
    err,
    get canAsk() {
      return process.stdin.isTTY && process.stderr.isTTY;
    },
    get errIsTerminal() {
      return process.stderr.isTTY;
    },
    ask,
    now: () => Date.now(),
    elapsed: () => performance.now(),
    sleep: (ms, signal) => openOutside().timers.sleep(ms, signal),
    onInterrupt,
    folder: process.cwd(),
    environment: process.env,
  };
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
  try {
    return await Promise.race([lines.question(question), ended]);
  } finally {
    lines.close();
  }
}

function onInterrupt(say: () => string): () => void {
  const end = (): void => {
    process.stderr.write(say());
    process.exit(130);
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, end);
  return () => {
    for (const signal of signals) process.off(signal, end);
  };
}
