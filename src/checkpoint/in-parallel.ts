/** Does `work` for every item, at most `limit` at once. All that began has ended when it resolves or rejects with the first error. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let isFailed = false;
  const worker = async (): Promise<void> => {
    while (!isFailed && next < items.length) {
      const item = items[next++] as T;
      try {
        await work(item);
      } catch (error) {
        isFailed = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
