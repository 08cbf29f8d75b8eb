/**
 * Resolves when every promise reaction that can run has run: the real event loop gets to its immediates only with an
 * empty microtask queue. The simulator's one use of the real event loop; it decides nothing.
 */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
