/**
 * Does work for each item, for some at the same time, and gives the results in the order of the items. No more is begun
 * than is asked for, but for those few.
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const begun: Promise<Result>[] = [];
  for await (const item of items) {
    const result = work(item);
    // It is awaited in its turn; until then its failure is nobody's.
    result.catch(() => undefined);
    begun.push(result);
    if (begun.length === atOnce) yield await begun.shift()!;
  }
  for (const result of begun) yield await result;
}
