/** Shows on a terminal that something goes on. */
import type { Terminal } from "../terminal.ts";

/** Quick work needs no word. */
const quiet = 1000;
const beat = 500;

/** Waits for the work; from the second second on, a terminal sees what goes on and for how long. Nothing without `what`. */
export async function withProgress<T>(terminal: Terminal, what: string | undefined, work: Promise<T>): Promise<T> {
  if (what === undefined || !terminal.errIsTerminal) return work;
  const started = terminal.elapsed();
  const over = new AbortController();
  let shown = false;
  const end = (): void => over.abort();
  work.then(end, end);
  const draw = async (): Promise<void> => {
    await terminal.sleep(quiet, over.signal);
    while (!over.signal.aborted) {
      terminal.err(`\r${what} … ${Math.round((terminal.elapsed() - started) / 1000)} s`);
      shown = true;
      await terminal.sleep(beat, over.signal);
    }
  };
  const drawing = draw();
  try {
    return await work;
  } finally {
    await drawing;
    if (shown) terminal.err("\r\u001b[K");
  }
}
