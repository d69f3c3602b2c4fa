import { START } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { step } from './follower-machine.ts';
import { initialFollower, type FollowerEffect, type FollowerEvent, type FollowerPolicy } from './follower-state.ts';
import { NO_LAG } from './progress.ts';

/**
 * Every event in every phase. The compiler demands each cell; a cell says the phase that follows and the effects. Each
 * phase is reached by real steps, the worst way: one page being applied, a fetch or a copy in flight where the phase has one. The
 * events carry the current ticket, so what ignores them does so because of its phase.
 */
type State = ReturnType<typeof initialFollower<string>>;
type Phase = State['phase'];
type Event = FollowerEvent<string>;
type Cell = readonly [next: Phase, ...effects: FollowerEffect<string>['kind'][]];

const POLICY: FollowerPolicy = {
  backoff: { baseMs: 2000, maxMs: 60_000 },
  breaker: { failuresMax: 5, openMs: 30_000 },
  pollIntervalMs: null,
  waitSeconds: 10,
  pageSizeMax: 5000,
  rate: null,
  acceptReset: false,
};
const EPOCH = '1-aaaaaaaa';
const PAGE_END = { offset: 2, epoch: EPOCH, hash: '2222222222222222' };
const NEXT_END = { offset: 4, epoch: EPOCH, hash: '4444444444444444' };
const NOW = { nowMs: 1000, random: 0.5 };

const EVENTS: { readonly [Kind in Event['kind']]: (state: State) => Extract<Event, { kind: Kind }> } = {
  started: () => ({ kind: 'started' }),
  fetched: ({ ticket, fetchedTo }) => ({
    kind: 'fetched',
    ticket,
    page: {
      log: 'log',
      headOffset: 4,
      lag: NO_LAG,
      changes: 2,
      content: {
        offsetFirst: fetchedTo.offset + 1,
        hashBefore: fetchedTo.hash,
        epochFirst: EPOCH,
        next: fetchedTo.offset === 0 ? PAGE_END : NEXT_END,
        payload: `behind ${fetchedTo.offset}`,
      },
    },
    tookMs: 5,
    ...NOW,
  }),
  'fetch-failed': ({ ticket }) => ({ kind: 'fetch-failed', ticket, reason: 'ECONNREFUSED', ...NOW }),
  'fetch-refused': ({ ticket }) => ({
    kind: 'fetch-refused',
    ticket,
    refusal: { code: 'ahead', detail: 'gone' },
    nowMs: 1000,
  }),
  pushed: ({ fetchedTo }) => ({
    kind: 'pushed',
    page: {
      log: 'log',
      headOffset: 4,
      lag: NO_LAG,
      changes: 2,
      content: {
        offsetFirst: fetchedTo.offset + 1,
        hashBefore: fetchedTo.hash,
        epochFirst: EPOCH,
        next: NEXT_END,
        payload: 'pushed',
      },
    },
    leaderEpoch: EPOCH,
  }),
  'push-missed': () => ({ kind: 'push-missed', log: 'log', offset: 9, nowMs: 1000 }),
  heard: () => ({ kind: 'heard', head: 9, leaderHead: 9, nowMs: 1000 }),
  'store-ready': () => ({ kind: 'store-ready', ...NOW }),
  'leader-returned': () => ({ kind: 'leader-returned', nowMs: 1000 }),
  'leader-epoch': () => ({ kind: 'leader-epoch', epoch: '2-bbbbbbbb', nowMs: 1000 }),
  'found-corrupt': () => ({ kind: 'found-corrupt', reason: 'checksum' }),
  recovered: () => ({ kind: 'recovered', log: 'log', position: NEXT_END, nowMs: 1000 }),
  'recovery-failed': () => ({ kind: 'recovery-failed', reason: 'ECONNREFUSED', ...NOW }),
  'recovery-refused': () => ({ kind: 'recovery-refused', refusal: { code: 'other_log', detail: 'no' } }),
  applied: () => ({ kind: 'applied', position: PAGE_END, changes: 2, tookMs: 5, nowMs: 1000 }),
  'apply-failed': () => ({ kind: 'apply-failed', reason: 'EIO', applied: START, ...NOW }),
  'recovery-declined': () => ({ kind: 'recovery-declined', reason: 'too much' }),
  hold: () => ({ kind: 'hold' }),
  'hold-at': () => ({ kind: 'hold-at', offset: 3, nowMs: 1000 }),
  release: () => ({ kind: 'release', nowMs: 1000 }),
  stopped: () => ({ kind: 'stopped' }),
};

const run = (state: State, ...events: Event['kind'][]): State =>
  events.reduce((before, kind) => step(before, EVENTS[kind](before)).state, state);

const starting = initialFollower<string>(POLICY, null, START);
const following = run(starting, 'started', 'fetched');

const PHASES: Record<Phase, State> = {
  starting,
  following,
  recovering: run(following, 'found-corrupt', 'applied'),
  refused: run(following, 'fetch-refused'),
  stopped: run(following, 'stopped'),
};

const TABLE: Record<Phase, Record<Event['kind'], Cell>> = {
  starting: {
    started: ['following', 'fetch'],
    fetched: ['starting'],
    'fetch-failed': ['starting'],
    'fetch-refused': ['starting'],
    applied: ['starting'],
    'apply-failed': ['starting'],
    heard: ['starting'],
    pushed: ['starting'],
    'push-missed': ['starting'],
    'store-ready': ['starting'],
    'leader-returned': ['starting'],
    'leader-epoch': ['starting'],
    'found-corrupt': ['starting'],
    recovered: ['starting'],
    'recovery-failed': ['starting'],
    'recovery-refused': ['starting'],
    'recovery-declined': ['starting'],
    hold: ['starting'],
    'hold-at': ['starting'],
    release: ['starting'],
    stopped: ['stopped'],
  },
  following: {
    started: ['following'],
    fetched: ['following'],
    'fetch-failed': ['following', 'retry'],
    'fetch-refused': ['refused'],
    applied: ['following'],
    'apply-failed': ['following', 'cancel-fetch', 'fetch'],
    heard: ['following'],
    pushed: ['following'],
    'push-missed': ['following'],
    'store-ready': ['following'],
    'leader-returned': ['following'],
    'leader-epoch': ['following'],
    'found-corrupt': ['recovering', 'cancel-fetch'],
    recovered: ['following'],
    'recovery-failed': ['following'],
    'recovery-refused': ['following'],
    'recovery-declined': ['following'],
    hold: ['following'],
    'hold-at': ['following'],
    release: ['following'],
    stopped: ['stopped', 'cancel-fetch'],
  },
  refused: {
    started: ['refused'],
    fetched: ['refused'],
    'fetch-failed': ['refused'],
    'fetch-refused': ['refused'],
    applied: ['refused'],
    'apply-failed': ['refused'],
    heard: ['refused'],
    pushed: ['refused'],
    'push-missed': ['refused'],
    'store-ready': ['refused'],
    'leader-returned': ['refused'],
    'leader-epoch': ['refused'],
    'found-corrupt': ['refused'],
    recovered: ['refused'],
    'recovery-failed': ['refused'],
    'recovery-refused': ['refused'],
    'recovery-declined': ['refused'],
    hold: ['refused'],
    'hold-at': ['refused'],
    release: ['refused'],
    stopped: ['stopped'],
  },
  recovering: {
    started: ['recovering'],
    fetched: ['recovering'],
    'fetch-failed': ['recovering'],
    'fetch-refused': ['recovering'],
    applied: ['recovering'],
    'apply-failed': ['recovering'],
    heard: ['recovering'],
    pushed: ['recovering'],
    'push-missed': ['recovering'],
    'store-ready': ['recovering'],
    'leader-returned': ['recovering'],
    'leader-epoch': ['recovering'],
    'found-corrupt': ['recovering'],
    recovered: ['following', 'fetch'],
    'recovery-failed': ['recovering', 'recover'],
    'recovery-refused': ['refused'],
    'recovery-declined': ['recovering', 'recover'],
    hold: ['recovering'],
    'hold-at': ['recovering'],
    release: ['recovering'],
    stopped: ['stopped', 'cancel-recovery'],
  },
  stopped: {
    started: ['stopped'],
    fetched: ['stopped'],
    'fetch-failed': ['stopped'],
    'fetch-refused': ['stopped'],
    applied: ['stopped'],
    'apply-failed': ['stopped'],
    heard: ['stopped'],
    pushed: ['stopped'],
    'push-missed': ['stopped'],
    'store-ready': ['stopped'],
    'leader-returned': ['stopped'],
    'leader-epoch': ['stopped'],
    'found-corrupt': ['stopped'],
    recovered: ['stopped'],
    'recovery-failed': ['stopped'],
    'recovery-refused': ['stopped'],
    'recovery-declined': ['stopped'],
    hold: ['stopped'],
    'hold-at': ['stopped'],
    release: ['stopped'],
    stopped: ['stopped'],
  },
};

const cells = Object.entries(TABLE).flatMap(([phase, row]) =>
  Object.entries(row).map(([kind, [next, ...effects]]) => ({
    phase: phase as Phase,
    kind: kind as Event['kind'],
    next,
    effects,
    does: effects.length === 0 ? 'does nothing' : effects.join(', '),
  })),
);

describe('the follower', () => {
  it.each(cells)('$phase, on $kind: $does, then $next', ({ phase, kind, next, effects }) => {
    const before = PHASES[phase];
    expect(before.phase).toBe(phase);
    const { state, effects: done } = step(before, EVENTS[kind](before));
    expect(state.phase).toBe(next);
    expect(done.map((effect) => effect.kind)).toEqual(effects);
  });

  it.each(cells)('$phase, on $kind: changes nothing in place', ({ phase, kind }) => {
    const before = PHASES[phase];
    const copy = structuredClone(before);
    step(before, EVENTS[kind](before));
    expect(before).toStrictEqual(copy);
  });

  it.each(['refused', 'stopped'] as const)('%s, still learns what became of the page it was applying', (phase) => {
    const applied = run(PHASES[phase], 'applied');
    expect(applied).toMatchObject({ applied: PAGE_END, isApplying: false, progress: { applied: 2, connected: false } });
    const failed = run(PHASES[phase], 'apply-failed');
    expect(failed).toMatchObject({ applied: START, isApplying: false, progress: { applied: 0, connected: false } });
  });
});
