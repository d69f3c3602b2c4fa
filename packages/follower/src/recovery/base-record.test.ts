import type { Refusal } from '@skein/replication';
import { describe, expect, it } from 'vitest';
import { fetchRecords, NoWayOn } from './base-record.ts';
import { outcomeOf } from './outcome.ts';

/** What becomes of an attempt when records are asked for, and refused so by a node of this role. */
async function refusedWith(code: Refusal['code'], role: string | undefined): Promise<unknown> {
  const feed = { fetch: async () => ({ kind: 'refused', refusal: { code, detail: 'it ends at 7' }, role }) as const };
  return fetchRecords(feed, { since: 9, log: 'log', limit: 1 }, new AbortController().signal).catch(
    (error: unknown) => error,
  );
}

describe('records that a copy needs', () => {
  it('are waited for where the node that is followed is only late', async () => {
    expect(outcomeOf(await refusedWith('ahead', 'follower'))).toMatchObject({
      kind: 'failed',
      reason: 'the follower it follows is behind this node: it ends at 7',
    });
  });

  it.each<[code: Refusal['code'], role: string | undefined]>([
    ['ahead', 'leader'],
    ['ahead', undefined],
    ['compacted', 'follower'],
    ['diverged', 'follower'],
  ])('do not come any more when it is %s, said by a %s: what there is of the copy is of no use', async (code, role) => {
    expect(await refusedWith(code, role)).toBeInstanceOf(NoWayOn);
  });
});
