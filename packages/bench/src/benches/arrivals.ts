import type { Sighting } from '../processes/observe.ts';
import type { Actor } from '../stage.ts';

/** When an offset had arrived at an observer: at the first sighting that reaches it. */
export async function arrivals(observer: Actor): Promise<(offset: number) => number> {
  observer.tell('report');
  const times: number[] = [];
  for (const { offset, at } of await observer.hear<readonly Sighting[]>())
    for (let o = offset; o >= 0 && times[o] === undefined; o--) times[o] = at;
  return (offset) => times[offset] ?? Number.POSITIVE_INFINITY;
}
