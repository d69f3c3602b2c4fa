import { describe, expect, it } from 'vitest';
import { faultOfPeer, ITSELF, type SaidOfPeer } from './peer-identity.ts';

const NAMESAKE = "it has the id of this node, 'self', which another one has to have";

describe('who answers at the address of a peer', () => {
  it.each<[said: SaidOfPeer, fault: string | null]>([
    [{ role: 'mesh', node: 'other', log: 'theirs' }, null],
    [{ role: 'mesh', node: 'other', log: null }, null],
    [{ role: 'mesh', node: 'self', log: 'mine' }, ITSELF],
    [{ role: 'mesh', node: 'self', log: 'theirs' }, NAMESAKE],
    // Whoever does not say which log it has may be another one.
    [{ role: 'mesh', node: 'self', log: null }, NAMESAKE],
    [{ role: 'leader', node: 'other', log: 'theirs' }, 'it is a leader and no node of a mesh'],
    [{ role: undefined, node: undefined, log: null }, 'what answers there is no node of Skein'],
  ])('%o', (said, fault) => {
    expect(faultOfPeer({ node: 'self', log: 'mine' }, said)).toBe(fault);
  });
});
