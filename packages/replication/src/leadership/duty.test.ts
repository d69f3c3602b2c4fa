import { START, type EpochPromise, type EpochPromises } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { dutyOf } from './duty.ts';
import type { Heard, Self } from './heard.ts';

const FIRST = '1-aaaaaaaa';
const SECOND = '2-bbbbbbbb';
const RIVAL = '2-rrrrrrrr';
const THIRD = '3-cccccccc';

const NOTHING: EpochPromises = { spent: 0, outstanding: [] };
const owed = (...outstanding: EpochPromise[]): EpochPromises => ({ spent: outstanding.at(-1)!.counter, outstanding });

const historyOf = (...epochs: readonly string[]) => epochs.map((epoch, i) => ({ epoch, offsetFirst: 1 + 10 * i }));

function heard(node: string, role: Heard['role'], epochs: readonly string[], more: Partial<Heard> = {}): Heard {
  const said = { instance: 'once', promised: NOTHING, asking: null, minReplicas: 0, unfit: null, askedAtMs: 100 };
  return {
    url: `http://${node}`,
    node,
    log: 'log',
    role,
    history: historyOf(...epochs),
    position: START,
    ...said,
    ...more,
  };
}

function self(role: Heard['role'], epochs: readonly string[], more: Partial<Self> = {}): Self {
  const standing = {
    instance: 'once',
    promised: NOTHING,
    rival: null,
    asking: null,
    promisedAtMs: new Map(),
    following: null,
  };
  return { node: 'self', log: 'log', role, history: historyOf(...epochs), ...standing, ...more };
}

describe('a leader', () => {
  const leader = self('leader', [FIRST]);

  it('goes on while nobody has a higher epoch', () => {
    expect(dutyOf(leader, [])).toStrictEqual({ kind: 'none' });
    expect(dutyOf(leader, [heard('a', 'follower', [FIRST]), heard('b', 'follower', [])])).toStrictEqual({
      kind: 'none',
    });
    expect(dutyOf(self('leader', [FIRST, SECOND]), [heard('a', 'leader', [FIRST])])).toStrictEqual({ kind: 'none' });
  });

  it('follows whoever leads with the highest', () => {
    const others = [heard('a', 'leader', [FIRST, SECOND]), heard('b', 'leader', [FIRST, SECOND, THIRD])];
    expect(dutyOf(leader, others)).toStrictEqual({ kind: 'follow', url: 'http://b', epoch: THIRD });
  });

  it('steps down for one that only a follower has', () => {
    const others = [heard('a', 'follower', [FIRST, SECOND])];
    expect(dutyOf(leader, others)).toStrictEqual({ kind: 'step-down', epoch: SECOND });
  });

  it('steps down for rivals above it, and follows neither', () => {
    const others = [heard('a', 'leader', [FIRST, SECOND]), heard('b', 'leader', [FIRST, RIVAL])];
    expect(dutyOf(leader, others).kind).toBe('step-down');
  });

  it('renounces for a rival, which a follower of it may show, and once', () => {
    const second = self('leader', [FIRST, SECOND], { promised: owed({ counter: 2, to: 'self' }) });
    for (const role of ['leader', 'follower'] as const) {
      const rival = { kind: 'renounce', rival: RIVAL, url: 'http://a' };
      expect(dutyOf(second, [heard('a', role, [FIRST, RIVAL])])).toStrictEqual(rival);
    }
    const renounced = { ...second, rival: RIVAL };
    expect(dutyOf(renounced, [heard('a', 'leader', [FIRST, RIVAL])])).toStrictEqual({ kind: 'none' });
    const spent = { ...second, promised: { spent: 3, outstanding: [] } };
    expect(dutyOf(spent, [heard('a', 'leader', [FIRST, RIVAL])]).kind).toBe('renounce');
  });

  it('hears nothing of another log, nor of itself', () => {
    const others = [heard('a', 'leader', [FIRST, SECOND], { log: 'other' }), heard('self', 'leader', [FIRST, SECOND])];
    expect(dutyOf(leader, others)).toStrictEqual({ kind: 'none' });
  });
});

describe('a follower', () => {
  const follower = self('follower', [FIRST], { following: 'http://a' });

  it('stays with whom it follows as long as nobody leads with more', () => {
    expect(dutyOf(follower, [heard('a', 'leader', [FIRST])])).toStrictEqual({ kind: 'none' });
    expect(dutyOf(follower, [heard('a', 'follower', [FIRST]), heard('b', 'follower', [FIRST])]).kind).toBe('none');
  });

  it('follows another one that leads with a higher epoch, or leads at all', () => {
    const follow = { kind: 'follow', url: 'http://b', epoch: SECOND };
    const old = heard('a', 'leader', [FIRST]);
    expect(dutyOf(follower, [old, heard('b', 'leader', [FIRST, SECOND])])).toStrictEqual(follow);
    const former = heard('a', 'follower', [FIRST, SECOND]);
    expect(dutyOf(follower, [former, heard('b', 'leader', [FIRST, SECOND])])).toStrictEqual(follow);
  });

  it('takes two addresses of one node for one node', () => {
    const leader = heard('a', 'leader', [FIRST]);
    expect(dutyOf(follower, [{ ...leader, url: 'http://localhost' }, leader]).kind).toBe('none');
  });

  it('does not go back to a leader of a lower epoch than it has, or has promised', () => {
    const old = [heard('b', 'leader', [FIRST])];
    expect(dutyOf(self('follower', [FIRST, SECOND]), old).kind).toBe('none');
    const promised = owed({ counter: 2, to: 'c' });
    expect(dutyOf(self('follower', [FIRST], { promised }), old).kind).toBe('none');
    const spent = { spent: 2, outstanding: [] };
    expect(dutyOf(self('follower', [FIRST], { promised: spent }), old).kind).toBe('follow');
  });

  it('follows neither of two rivals, nor the rival of its own', () => {
    const rivals = [heard('a', 'leader', [FIRST, SECOND]), heard('b', 'leader', [FIRST, RIVAL])];
    expect(dutyOf(follower, rivals)).toStrictEqual({ kind: 'follow-nobody', rivals: [SECOND, RIVAL] });
    const own = self('follower', [FIRST, SECOND], { following: 'http://a' });
    expect(dutyOf(own, [heard('b', 'leader', [FIRST, RIVAL])]).kind).toBe('follow-nobody');
    expect(dutyOf({ ...own, following: null }, rivals).kind).toBe('none');
    const promoted = heard('b', 'leader', [FIRST, RIVAL, THIRD]);
    expect(dutyOf({ ...own, following: null }, [rivals[0]!, promoted])).toMatchObject({
      kind: 'follow',
      url: 'http://b',
    });
  });

  it('that has nothing follows whoever leads', () => {
    const empty = self('follower', [], { log: null });
    expect(dutyOf(empty, [heard('a', 'leader', [FIRST])])).toMatchObject({ kind: 'follow', url: 'http://a' });
  });
});

describe('a promise', () => {
  const promise: EpochPromise = { counter: 2, to: 'c' };
  const bound = self('follower', [FIRST], { promised: owed(promise), promisedAtMs: new Map([[2, 50]]) });

  it('is given back when its holder says, asked after it was given, that it does not ask for it', () => {
    expect(dutyOf(bound, [heard('c', 'follower', [FIRST])])).toStrictEqual({ kind: 'release', promise });
    expect(dutyOf(bound, [heard('c', 'follower', [FIRST], { asking: 3 })]).kind).toBe('release');
  });

  it('is kept while it is asked for, or nothing newer has been heard, or it has been made use of', () => {
    expect(dutyOf(bound, [heard('c', 'follower', [FIRST], { asking: 2 })]).kind).toBe('none');
    expect(dutyOf(bound, [heard('c', 'follower', [FIRST], { askedAtMs: 50 })]).kind).toBe('none');
    expect(dutyOf(bound, [heard('a', 'follower', [FIRST])]).kind).toBe('none');
    expect(dutyOf(bound, [heard('c', 'leader', [FIRST, SECOND])]).kind).toBe('follow');
  });

  it('is given back for itself alone, when another is owed too', () => {
    const promised = owed(promise, { counter: 3, to: 'd' });
    const both = { ...bound, promised };
    expect(dutyOf(both, [heard('d', 'follower', [FIRST])])).toStrictEqual({
      kind: 'release',
      promise: { counter: 3, to: 'd' },
    });
    expect(dutyOf(both, [heard('c', 'follower', [FIRST], { asking: 2 })]).kind).toBe('none');
  });

  it('to itself is void where it does not ask for it', () => {
    const own = self('follower', [FIRST], { promised: owed({ counter: 2, to: 'self' }), asking: 2 });
    expect(dutyOf(own, []).kind).toBe('none');
    expect(dutyOf({ ...own, asking: null }, []).kind).toBe('release');
    expect(dutyOf({ ...own, asking: null, history: historyOf(FIRST, SECOND) }, []).kind).toBe('none');
  });
});
