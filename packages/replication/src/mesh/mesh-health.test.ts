import { describe, expect, it } from 'vitest';
import { meshVerdict, PEER_SILENT_MS, type MeshCondition } from './mesh-health.ts';

const well: MeshCondition = {
  peers: [{ url: 'http://b', fault: null, silentMs: PEER_SILENT_MS, lastError: 'once', uncompared: null }],
  ahead: null,
  ownClockAheadUntil: null,
  isIdShared: false,
  localError: null,
  eventsError: null,
};
const peer = well.peers[0]!;

describe('a node of a mesh', () => {
  it('is well while it hears of all its peers, whatever the last question came to', () => {
    expect(meshVerdict(well)).toStrictEqual({ healthy: true });
  });

  it.each<[change: Partial<MeshCondition>, reason: string]>([
    [{ peers: [{ ...peer, silentMs: 31_000 }] }, 'the peer at http://b has not been heard of for 31 s (once)'],
    [
      { peers: [{ ...peer, silentMs: 90_000, lastError: null }] },
      'the peer at http://b has not been heard of for 90 s',
    ],
    [{ peers: [{ ...peer, fault: 'it is a leader' }] }, 'the peer at http://b is refused: it is a leader'],
    [
      { peers: [{ ...peer, uncompared: { ms: 180_001, everyMs: 60_000, reason: 'no' } }] },
      'comparing with the peer at http://b has failed for 180 s (no)',
    ],
    [{ isIdShared: true }, "another node writes under this node's id: no two may have the same"],
    [{ eventsError: 'the broker is gone' }, 'the broker is gone'],
  ])('says what is the matter: %o', (change, reason) => {
    expect(meshVerdict({ ...well, ...change })).toStrictEqual({ healthy: false, reason });
  });

  it('is well while comparing has failed for three intervals only, and says no more of a peer that is away', () => {
    const uncompared = { ms: 180_000, everyMs: 60_000, reason: 'no' };
    expect(meshVerdict({ ...well, peers: [{ ...peer, uncompared }] })).toStrictEqual({ healthy: true });
    const away = { ...peer, silentMs: 90_000, uncompared: { ...uncompared, ms: 300_000 } };
    expect(meshVerdict({ ...well, peers: [away] })).toMatchObject({ reason: expect.not.stringContaining('comparing') });
  });

  it('says what to do when its clock was ahead', () => {
    expect(meshVerdict({ ...well, ownClockAheadUntil: 'noon' })).toMatchObject({
      reason:
        "this node's clock was ahead until noon: other nodes hold its writes back until then (wait, or export them and begin with an empty directory)",
    });
  });

  it('says all of it, its own first', () => {
    const verdict = meshVerdict({
      ...well,
      ahead: { node: 'c', ms: 7_200_000 },
      ownClockAheadUntil: 'noon',
      localError: 'no space',
      peers: [{ ...peer, silentMs: 90_000 }],
    });
    const sentences = verdict.healthy ? [] : verdict.reason.split('; ');
    expect(sentences.map((sentence) => sentence.slice(0, 24))).toStrictEqual([
      "this node's clock was ah",
      'what other nodes have wr',
      'the peer at http://b has',
      'the clock of node c is 7',
    ]);
  });
});
