import type { Position } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { planRestore, type Restoring } from './restoring.ts';

const at = (offset: number, epoch = '1-aaaaaaaa'): Position => ({ offset, epoch, hash: '0123456789abcdef' });
const first = { epoch: '1-aaaaaaaa', offsetFirst: 1 };
const second = { epoch: '2-bbbbbbbb', offsetFirst: 6 };

type Peer = Restoring['heard'][number];

function peer(more: Partial<Peer> = {}): Peer {
  const promised = { spent: 0, outstanding: [] };
  return { url: 'http://a', log: 'log', history: [first], promised, position: at(9), ...more };
}

function restored(heard: readonly Peer[], more: Partial<Restoring> = {}) {
  return planRestore({ log: 'log', history: [first], position: at(8), heard, silent: [], ...more });
}

describe('a restore', () => {
  it('begins an epoch above all that its peers have seen or promised, and the backup itself', () => {
    expect(restored([])).toMatchObject({ kind: 'begin', counter: 2 });
    expect(restored([peer({ history: [first, second] })])).toMatchObject({ counter: 3 });
    expect(restored([peer({ promised: { spent: 6, outstanding: [] } })])).toMatchObject({ counter: 7 });
    expect(restored([peer()], { history: [first, second] })).toMatchObject({ counter: 3 });
    expect(restored([peer({ log: null, history: [], position: at(0) })])).toMatchObject({ counter: 2 });
  });

  it('names what is lost: behind where it ends, or where a newer epoch had left its history', () => {
    const mayBeLost = { after: '8.1-aaaaaaaa.0123456789abcdef', upTo: 9, members: ['http://a'] };
    expect(restored([peer()])).toMatchObject({ fork: 8, mayBeLost });
    expect(restored([peer({ position: at(8) })])).toMatchObject({ fork: 8, mayBeLost: { upTo: null } });
    const newer = peer({ history: [first, second], position: at(7, second.epoch) });
    expect(restored([newer])).toMatchObject({ fork: 5, mayBeLost: { upTo: 7 } });
  });

  it('is not made while one of them is silent, or of another log', () => {
    expect(restored([], { silent: ['http://b'] })).toStrictEqual({ kind: 'silent', urls: ['http://b'] });
    expect(restored([peer({ log: 'other' })])).toStrictEqual({ kind: 'other-log', urls: ['http://a'] });
  });
});
