/**
 * Resolves when every promise reaction that can run has run: the real event loop gets to its immediates only with an
 * empty microtask queue. The simulator's one use of the real event loop; it decides nothing.
 */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/**
 * Calls `turn` again and again until it gives a word, and resolves with that. Before each call every promise reaction that can run
 * has run, as with `settle`, but most of the time without a turn of the real event loop, which takes longer than what most events do.
 */
export function turns<T extends string>(turn: () => T | void): Promise<T> {
  return new Promise((resolve, reject) => {
    const loop = (): void => {
      try {
        for (let i = 0; i < turnsAtOnce; i++) {
          const given = turn();
          if (typeof given === "string") return resolve(given);
          if (runReactions === undefined) break;
          runReactions();
        }
      } catch (error) {
        return reject(error);
      }
      setImmediate(loop);
    };
    setImmediate(loop);
  });
}

/** Then the real event loop gets its turn: signals, other promises of the process. */
const turnsAtOnce = 1000;

/** What Node itself does after each callback: next ticks, promise reactions, rejections nobody heard. Undefined without such a door. */
const runReactions = (process as unknown as { readonly _tickCallback?: () => void })._tickCallback;
