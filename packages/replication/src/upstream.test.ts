import { LIMITS } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { upstreamOf, UPSTREAM_UNKNOWN, type Upstream } from './upstream.ts';

/** Asks the node that has told `leader` its path, as a follower of it does. */
const after = (own: string, leader: string, told: Upstream = UPSTREAM_UNKNOWN): Upstream =>
  upstreamOf(own, leader, told.path?.join(','));

/** What each node ends up with when each asks the next one, round after round; the last one asks `next`. */
function rounds(nodes: readonly string[], next: string | undefined, count: number): ReadonlyMap<string, Upstream> {
  const known = new Map<string, Upstream>();
  for (let round = 0; round < count; round++) {
    for (const [index, node] of nodes.entries()) {
      const leader = nodes[index + 1] ?? next;
      known.set(node, leader === undefined ? UPSTREAM_UNKNOWN : after(node, leader, known.get(leader)));
    }
  }
  return known;
}

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `node-${index}`);

describe('the path to the leader', () => {
  it('is the leader and whom the leader follows, nearest first', () => {
    expect(after('a', 'lead')).toStrictEqual({ path: ['lead'], problem: null });
    expect(upstreamOf('a', 'b', 'c,lead')).toStrictEqual({ path: ['b', 'c', 'lead'], problem: null });
  });

  it('is not known from an answer that does not say which node gave it', () => {
    expect(upstreamOf('a', undefined, 'c,lead')).toStrictEqual(UPSTREAM_UNKNOWN);
    expect(upstreamOf('a', '', undefined)).toStrictEqual(UPSTREAM_UNKNOWN);
  });

  it('is known up to what cannot be read', () => {
    expect(upstreamOf('a', 'b', 'c, d,not an id,a').path).toStrictEqual(['b', 'c', 'd']);
  });

  it('may have as many nodes as there may be, and is refused with one more', () => {
    const most = names(LIMITS.upstreamNodesMax);
    const [first, ...others] = most;
    expect(upstreamOf('own', first, others.join(','))).toStrictEqual({ path: most, problem: null });
    const { path, problem } = upstreamOf('own', first, [...others, 'one-more'].join(','));
    expect(path).toStrictEqual(most);
    expect(problem).toMatch(/^the leader is behind more nodes than the 16 there may be: own → node-0 → .* → …$/);
  });
});

describe('a cycle', () => {
  it('of one is the node itself, or another one of its name', () => {
    expect(after('a', 'a')).toStrictEqual({
      path: ['a'],
      problem: 'the address of the leader leads back to this very node: a → a; or else two nodes have the id a',
    });
  });

  it('of any size is seen by every node of it, and stays as it is from round to round', () => {
    for (let size = 2; size <= LIMITS.upstreamNodesMax; size++) {
      const cycle = names(size);
      const known = rounds(cycle, cycle[0], size + 1);
      for (const [index, node] of cycle.entries()) {
        const way = [...cycle.slice(index + 1), ...cycle.slice(0, index), node];
        expect(known.get(node)!.path).toStrictEqual(way);
        expect(known.get(node)!.problem).toContain(`this very node: ${[node, ...way].join(' → ')};`);
      }
      expect(rounds(cycle, cycle[0], size + 2)).toStrictEqual(known);
    }
  });

  it('of more nodes than there may be on a path is refused as too long by every one', () => {
    const cycle = names(LIMITS.upstreamNodesMax + 5);
    for (const { path, problem } of rounds(cycle, cycle[0], cycle.length + 1).values()) {
      expect(path).toHaveLength(LIMITS.upstreamNodesMax);
      expect(problem).toMatch(/more nodes than/);
    }
  });

  it('is named by those behind it, too', () => {
    const known = rounds(['u', 't', 'a', 'b'], 'a', 5);
    expect(known.get('t')!.problem).toBe(
      'the leader is behind nodes that follow each other in a cycle: t → a → b → a; or else two nodes have the id a',
    );
    expect(known.get('u')!.problem).toMatch(/in a cycle: u → t → a → b → a;/);
  });

  it('is over for all of them once one node of it follows a leader', () => {
    const known = new Map(rounds(['t', 'a', 'b'], 'a', 5));
    known.set('b', after('b', 'lead'));
    known.set('a', after('a', 'b', known.get('b')));
    known.set('t', after('t', 'a', known.get('a')));
    expect(known.get('t')).toStrictEqual({ path: ['a', 'b', 'lead'], problem: null });
    expect(known.get('a')).toStrictEqual({ path: ['b', 'lead'], problem: null });
  });
});
