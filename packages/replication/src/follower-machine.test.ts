import { START, type Position } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { step } from './follower-machine.ts';
import {
  initialFollower,
  type FollowerEffect,
  type FollowerEvent,
  type FollowerPolicy,
  type Refusal,
} from './follower-state.ts';
import { lagChanges, lagSeconds, NO_LAG } from './progress.ts';

type Event = FollowerEvent<string>;

const POLICY: FollowerPolicy = {
  backoff: { baseMs: 2000, maxMs: 60_000 },
  breaker: { failuresMax: 3, openMs: 30_000 },
  pollIntervalMs: null,
  waitSeconds: 10,
  pageSizeMax: 5000,
  rate: null,
  acceptReset: false,
};

/** A position of the log these tests follow; its hash is made from its offset. */
const at = (offset: number, epoch = '2-aaaaaaaa'): Position =>
  offset === 0 ? START : { offset, epoch, hash: offset.toString(16).padStart(16, '0') };

/** How an event differs from one that fits. */
type Fetched = Partial<
  { first: number; before: Position; epoch: string; changesHere: number } & Pick<Page, 'log' | 'headOffset' | 'lag'> &
    Times
>;
type Times = Pick<Extract<Event, { kind: 'fetched' }>, 'ticket' | 'tookMs' | 'nowMs'>;
type Page = Extract<Event, { kind: 'fetched' }>['page'];

/** A follower, and what it did last. */
class Follower {
  state: ReturnType<typeof initialFollower<string>>;
  effects: readonly FollowerEffect<string>[] = [];

  constructor(policy: Partial<FollowerPolicy> = {}, log: string | null = 'log', applied = 0) {
    this.state = initialFollower({ ...POLICY, ...policy }, log, at(applied));
    this.on({ kind: 'started' });
  }

  on(event: Event): this {
    ({ state: this.state, effects: this.effects } = step(this.state, event));
    return this;
  }

  /** A page of two changes behind what was fetched, or as said. */
  fetched({ first, before, changesHere = 0, ...fetched }: Fetched = {}): this {
    const { epoch = '2-aaaaaaaa', log = 'log', headOffset = 100, lag = NO_LAG, ...times } = fetched;
    const { fetchedTo } = this.state;
    const offsetFirst = first ?? fetchedTo.offset + 1;
    const { hash } = before ?? fetchedTo;
    const place = { offsetFirst, hashBefore: hash, epochFirst: epoch, next: at(offsetFirst + 1, epoch) };
    const content = { ...place, payload: `${offsetFirst}` };
    return this.#answered({ log, headOffset, lag, changes: 2, changesHere, content }, times);
  }

  empty({ log = 'log', headOffset = this.state.fetchedTo.offset, lag = NO_LAG, ...times }: Fetched = {}): this {
    return this.#answered({ log, headOffset, lag, changes: 0, content: null }, times);
  }

  /** Two changes beside the feed, behind what was fetched. */
  pushed(): this {
    const { offset, hash } = this.state.fetchedTo;
    const place = { offsetFirst: offset + 1, hashBefore: hash, epochFirst: '2-aaaaaaaa', next: at(offset + 2) };
    const page = {
      log: 'log',
      headOffset: offset + 2,
      lag: NO_LAG,
      changes: 2,
      content: { ...place, payload: 'pushed' },
    };
    return this.on({ kind: 'pushed', page, leaderEpoch: '2-aaaaaaaa' });
  }

  /** An answer that has brought what was pushed before, and nothing else. */
  woken({ headOffset, ...times }: { headOffset: number; nowMs?: number }): this {
    return this.#answered({ log: 'log', headOffset, lag: NO_LAG, changes: 0, changesHere: 2, content: null }, times);
  }

  #answered(page: Page, times: Partial<Times>): this {
    const { ticket } = this.state;
    return this.on({ kind: 'fetched', ticket, page, tookMs: 5, nowMs: 1000, random: 0.5, ...times });
  }

  failed(event: { ticket?: number; retryAfterMs?: number; nowMs?: number; random?: number } = {}): this {
    const { ticket } = this.state;
    return this.on({ kind: 'fetch-failed', ticket, reason: 'refused', nowMs: 1000, random: 0.5, ...event });
  }

  applied(offset: number, { changes = 2, tookMs = 150, nowMs = 1000 } = {}): this {
    return this.on({ kind: 'applied', position: at(offset), changes, tookMs, nowMs });
  }

  applyFailed(event: { applied?: number; nowMs?: number; random?: number } = {}): this {
    const { nowMs = 1000, random = 0.5 } = event;
    const applied = event.applied === undefined ? this.state.applied : at(event.applied);
    return this.on({ kind: 'apply-failed', reason: 'EIO', applied, nowMs, random });
  }

  get did(): FollowerEffect<string>['kind'][] {
    return this.effects.map(({ kind }) => kind);
  }

  get delayMs(): number | undefined {
    return this.effects.flatMap((effect) => ('delayMs' in effect ? [effect.delayMs] : []))[0];
  }
}

/** Two changes behind a gap, at no time to back off. */
function badPage({ state: { ticket } }: Follower): Event {
  const place = { offsetFirst: 9, hashBefore: at(8).hash, epochFirst: '2-aaaaaaaa', next: at(10), payload: '9' };
  const page = { log: 'log', headOffset: 100, lag: NO_LAG, changes: 2, content: place };
  return { kind: 'fetched', ticket, page, tookMs: 5, nowMs: 1000, random: 0 };
}

describe('fetching', () => {
  it('begins behind what is durable, at once, and does not park before the leader has answered once', () => {
    const follower = new Follower({}, 'log', 7);
    expect(follower.effects).toEqual([
      { kind: 'fetch', ticket: 1, since: at(7), limit: 1000, waitSeconds: 0, delayMs: 0 },
    ]);
    expect(follower.empty().effects).toMatchObject([{ kind: 'fetch', waitSeconds: 10, delayMs: 0 }]);
    expect(follower.failed().effects).toMatchObject([{ kind: 'retry', waitSeconds: 0 }]);
  });

  it('does not ask to be parked behind a page that does not reach the head: there is nothing to wait for', () => {
    expect(new Follower().fetched().effects).toMatchObject([{ kind: 'apply' }, { kind: 'fetch', waitSeconds: 0 }]);
    expect(new Follower().fetched({ headOffset: 2 }).applied(2).effects).toMatchObject([{ waitSeconds: 10 }]);
  });

  it('goes on behind the page being applied, while it is being applied', () => {
    const follower = new Follower().fetched();
    expect(follower.effects).toMatchObject([
      { kind: 'apply', payload: '1', changes: 2 },
      { kind: 'fetch', ticket: 2, since: at(2), delayMs: 0 },
    ]);
  });

  it('waits behind a page that reaches the head until it is durable, so that the question acknowledges it', () => {
    const follower = new Follower().fetched({ headOffset: 2 });
    expect(follower.did).toEqual(['apply']);
    expect(follower.applied(2).effects).toMatchObject([{ kind: 'fetch', since: at(2), delayMs: 0 }]);
    expect(new Follower().fetched({ headOffset: 3 }).did).toEqual(['apply', 'fetch']);
  });

  it('stops with one page in hand until the page before it is applied', () => {
    const follower = new Follower().fetched().fetched();
    expect(follower.did).toEqual([]);
    expect(follower.applied(2).effects).toMatchObject([
      { kind: 'apply', payload: '3' },
      { kind: 'fetch', since: at(4) },
    ]);
  });

  it.each<[what: string, policy: Partial<FollowerPolicy>, answer: Fetched, delayMs: number]>([
    ['at once after a poll that was parked', {}, { tookMs: 500 }, 0],
    ['half a second after a poll that should have been parked and was not', {}, { tookMs: 499 }, 500],
    ['an interval later when it polls', { pollIntervalMs: 1000 }, { tookMs: 5 }, 1000],
  ])('asks again %s', (_, policy, answer, delayMs) => {
    const follower = new Follower(policy).empty().empty(answer);
    expect(follower.did).toEqual(['fetch']);
    expect(follower.delayMs).toBe(delayMs);
  });

  it.each([3, 0])('takes an empty page of a leader whose head is %i for a failure', (headOffset) => {
    const follower = new Follower().fetched({ headOffset: 2 }).applied(2).empty({ headOffset });
    expect(follower.did).toEqual(['retry']);
    expect(follower.state.progress.connected).toBe(false);
  });

  it('does not park at the leader when it polls, and asks on at once while there are pages', () => {
    expect(new Follower({ pollIntervalMs: 1000 }).empty().effects).toMatchObject([{ waitSeconds: 0 }]);
    expect(new Follower({ pollIntervalMs: 1000 }).fetched().delayMs).toBe(0);
  });

  it('asks for as much as applying has shown to be good', () => {
    const limits = (follower: Follower): unknown[] => follower.effects.map((e) => ('limit' in e ? e.limit : null));
    expect(limits(new Follower({ pageSizeMax: 300 }))).toEqual([300]);
    const slow = new Follower().fetched().applied(2, { changes: 1000, tookMs: 201 });
    expect(limits(slow.fetched())).toEqual([null, 500]);
    const fast = new Follower().fetched().applied(2, { changes: 1000, tookMs: 10 });
    expect(limits(fast.fetched())).toEqual([null, 2500]);
  });
});

describe('a page', () => {
  it.each<[what: string, page: Fetched, reason: RegExp]>([
    ['that leaves a gap', { first: 8 }, /begins at 8, not at 7/],
    ['that was applied before', { first: 6 }, /begins at 6, not at 7/],
    ['of another history', { before: at(5) }, /not chained to offset 6/],
    ['of an older epoch', { epoch: '1-zzzzzzzz' }, /older/],
    ['of a rival epoch', { epoch: '2-zzzzzzzz' }, /rival/],
  ])('%s is not taken, but asked for again', (_, page, reason) => {
    const follower = new Follower({}, 'log', 6).fetched(page);
    expect(follower.did).toEqual(['retry']);
    expect(follower.state).toMatchObject({ fetchedTo: at(6), isApplying: false, inHand: null, failures: 1 });
    expect(follower.state.lastError).toMatch(reason);
    expect(lagChanges(follower.state.progress)).toBeNull();
  });

  it.each(['2-aaaaaaaa', '3-zzzzzzzz', '10-zzzzzzzz'])('of epoch %s is taken behind epoch 2-aaaaaaaa', (epoch) => {
    expect(new Follower({}, 'log', 6).fetched({ epoch }).did).toEqual(['apply', 'fetch']);
  });

  it('of another log is refused for good, however well it fits', () => {
    for (const answer of ['fetched', 'empty'] as const) {
      const follower = new Follower({}, 'log', 6)[answer]({ log: 'another' });
      expect(follower.did).toEqual([]);
      expect(follower.state).toMatchObject({ phase: 'refused', refusal: { code: 'other_log' }, log: 'log' });
    }
  });

  it('of any log is taken by a follower that has none, and settles which one it follows', () => {
    const follower = new Follower({}, null).fetched({ log: 'first' });
    expect(follower.state.log).toBe('first');
    expect(follower.fetched({ log: 'second' }).state.phase).toBe('refused');
  });
});

describe('an answer', () => {
  const answers: [string, (follower: Follower, ticket: number) => Follower][] = [
    ['a page', (follower, ticket) => follower.fetched({ ticket })],
    ['an empty page', (follower, ticket) => follower.empty({ ticket })],
    ['a failure', (follower, ticket) => follower.failed({ ticket })],
    [
      'a refusal',
      (follower, ticket) =>
        follower.on({ kind: 'fetch-refused', ticket, refusal: { code: 'ahead', detail: '' }, nowMs: 0 }),
    ],
  ];

  it.each(answers)('that is late has no effect: %s', (_, answer) => {
    const follower = new Follower().fetched();
    const before = follower.state;
    answer(follower, 1);
    expect([follower.did, follower.state]).toEqual([[], before]);
  });

  it.each(answers)('that comes twice has no effect the second time, though no fetch followed: %s', (_, answer) => {
    const follower = new Follower().fetched().fetched();
    const before = follower.state;
    answer(follower, before.ticket);
    expect([follower.did, follower.state]).toEqual([[], before]);
  });

  it.each(answers)('to a fetch that was cancelled has no effect: %s', (_, answer) => {
    const follower = new Follower().fetched();
    const { ticket } = follower.state;
    const before = follower.applyFailed().state;
    answer(follower, ticket);
    expect([follower.did, follower.state]).toEqual([[], before]);
  });
});

describe('a head that is heard of beside the loop', () => {
  const hear = (follower: Follower, head: number) =>
    follower.on({ kind: 'heard', head, leaderHead: head + 1, nowMs: 1000 });
  const polling = () => new Follower({ pollIntervalMs: 30_000 }).fetched({ headOffset: 2 }).applied(2).empty();

  it('has what is there fetched at once, between two polls', () => {
    expect(polling().delayMs).toBe(30_000);
    expect(hear(polling(), 3).effects).toMatchObject([{ kind: 'cancel-fetch' }, { kind: 'fetch', delayMs: 0 }]);
    expect(hear(polling(), 2).did).toEqual([]);
  });

  it('is what this node knows that it lacks, and says nothing of since when it has everything', () => {
    const follower = hear(new Follower().empty(), 3);
    expect([lagChanges(follower.state.progress), lagSeconds(follower.state.progress, 2000)]).toEqual([4, 1]);
    expect(lagChanges(hear(follower, 1).state.progress)).toBe(4);
    expect(lagChanges(hear(new Follower(), 3).state.progress)).toBeNull();
  });

  it('changes nothing where the question stands at the leader, nor what failures hold back', () => {
    expect(hear(new Follower().empty(), 3).did).toEqual([]);
    expect(hear(polling().failed(), 3).did).toEqual([]);
    expect(hear(polling().on({ kind: 'stopped' }), 3).did).toEqual([]);
  });
});

describe('failures', () => {
  it('back off further each time, are forgotten on success, and heed Retry-After', () => {
    const follower = new Follower();
    expect([follower.failed().delayMs, follower.failed().delayMs]).toEqual([1000, 2000]);
    expect(follower.fetched().state).toMatchObject({ failures: 0, breaker: { kind: 'closed', failures: 0 } });
    expect(follower.failed().delayMs).toBe(1000);
    expect(follower.failed({ retryAfterMs: 7000 }).delayMs).toBe(7000);
  });

  it('in a row hold back the next request until the breaker lets a probe out', () => {
    const follower = new Follower().failed().failed();
    expect(follower.failed({ random: 0 }).delayMs).toBe(30_000);
    expect(follower.failed({ random: 0, nowMs: 31_000 }).state.breaker).toEqual({ kind: 'open', openUntilMs: 61_000 });
  });

  it('make the lag unknown', () => {
    const follower = new Follower().empty();
    expect(lagChanges(follower.state.progress)).toBe(0);
    expect(lagChanges(follower.failed().state.progress)).toBeNull();
  });

  it('of applying begin again at what is durable, also when the page turns out to be there', () => {
    const follower = new Follower().fetched().fetched().applyFailed();
    expect(follower.effects).toMatchObject([{ kind: 'fetch', since: START, delayMs: 1000 }]);
    expect(follower.state).toMatchObject({ inHand: null, isApplying: false, fetchedTo: START });
    const there = new Follower().fetched().applyFailed({ applied: 2 });
    expect(there.did).toEqual(['cancel-fetch', 'fetch']);
    expect(there.state).toMatchObject({ applied: at(2), fetchedTo: at(2), progress: { applied: 2 } });
  });

  it('of applying back off further each time, although the fetches between them succeed', () => {
    const follower = new Follower();
    const delays = [1, 2, 3].map(() => follower.fetched().applyFailed().delayMs);
    expect(delays).toEqual([1000, 2000, 4000]);
    follower.fetched().applied(2);
    expect(follower.fetched().applyFailed().delayMs).toBe(1000);
  });

  it('of applying are over when there is nothing left to apply: a failed write may have been stored', () => {
    const follower = new Follower().fetched({ headOffset: 2 }).applyFailed({ applied: 2 });
    expect(follower.state.applyFailures).toBe(1);
    expect(follower.failed().state.applyFailures).toBe(1);
    expect(follower.empty().state.applyFailures).toBe(0);
  });

  it('of applying are tried again soon when the store takes writes again, and no sooner than after a first one', () => {
    const ready = { kind: 'store-ready', nowMs: 1000, random: 0.5 } as const;
    const follower = new Follower();
    for (let i = 0; i < 4; i++) follower.fetched().applyFailed();
    follower.on(ready);
    expect([follower.did, follower.delayMs]).toEqual([['cancel-fetch', 'fetch'], 1000]);
    expect(follower.state.applyFailures).toBe(4);
    expect(new Follower().fetched().on(ready).did).toEqual([]);
    expect(follower.fetched().on(ready).did).toEqual([]);
  });

  it('of applying do not let a request out that the breaker holds back', () => {
    const follower = new Follower().fetched().failed().failed().failed();
    expect(follower.state.breaker.kind).toBe('open');
    expect(follower.applyFailed({ nowMs: 11_000, random: 0 }).delayMs).toBe(20_000);
  });
});

describe('a rate', () => {
  /** Four changes a second, two at once. */
  const rate = { perSecond: 4, burst: 2 };

  it('holds back the next fetch until what was fetched beyond the burst is paid for', () => {
    const follower = new Follower({ rate });
    expect(follower.fetched().delayMs).toBe(0);
    follower.fetched();
    expect(follower.applied(2).delayMs).toBe(500);
    expect(new Follower({ rate }).fetched().fetched().applied(2, { nowMs: 1400 }).delayMs).toBe(100);
    expect(new Follower().fetched().fetched().applied(2).delayMs).toBe(0);
  });

  it('holds back also what follows a page that reaches the head, and goes on when there is time enough', () => {
    const behindHead = (nowMs: number): number | undefined =>
      new Follower({ rate }).fetched().fetched({ headOffset: 4 }).applied(2).applied(4, { nowMs }).delayMs;
    expect([behindHead(1000), behindHead(9000)]).toEqual([500, 0]);
  });

  it('is not used up by questions to which there is no news, however many: those are never held back', () => {
    const follower = new Follower({ rate });
    for (let polls = 0; polls < 10; polls++) expect(follower.empty({ tookMs: 10_000 }).delayMs).toBe(0);
    expect(follower.effects).toMatchObject([{ kind: 'fetch', waitSeconds: 10 }]);
  });

  it('counts pages that were of no use, too', () => {
    const follower = new Follower({ rate });
    const bad = (): number | undefined => follower.on(badPage(follower)).delayMs;
    expect([bad(), bad()]).toEqual([0, 500]);
  });

  it('counts what came again and was passed over', () => {
    const follower = new Follower({ rate }).fetched({ changesHere: 2 });
    expect(follower.delayMs).toBe(500);
  });

  it('counts what was lost and is fetched again', () => {
    const follower = new Follower({ rate }).fetched().fetched();
    follower.on({ kind: 'apply-failed', reason: 'EIO', applied: START, nowMs: 1000, random: 0 });
    expect(follower.delayMs).toBe(500);
  });

  it('asks for no more at once than for what a second allows', () => {
    expect(new Follower({ rate }).effects).toMatchObject([{ limit: 4 }]);
    expect(new Follower({ rate: { perSecond: 10_000, burst: 1 } }).effects).toMatchObject([{ limit: 1000 }]);
  });
});

const refused = (follower: Follower, code: Refusal['code']): Follower => {
  const { ticket } = follower.state;
  return follower.on({ kind: 'fetch-refused', ticket, refusal: { code, detail: 'why' }, nowMs: 0 });
};

describe('a refusal', () => {
  it('of a leader that has a higher epoch since is asked again, and of no other', () => {
    const hears = (code: Refusal['code'], epoch: string) =>
      refused(new Follower({}, 'log', 7), code).on({ kind: 'leader-epoch', epoch, nowMs: 1000 });
    const restored = hears('ahead', '3-bbbbbbbb');
    expect([restored.state.phase, restored.state.refusal]).toEqual(['following', null]);
    expect(restored.effects).toMatchObject([{ kind: 'fetch', since: at(7), delayMs: 0 }]);
    for (const epoch of ['2-aaaaaaaa', '2-rrrrrrrr', '1-cccccccc']) expect(hears('ahead', epoch).did).toEqual([]);
    expect(hears('other_log', '3-bbbbbbbb').did).toEqual([]);
  });

  it('of a leader of a higher epoch is not asked again for that one', () => {
    const epoch = '3-bbbbbbbb';
    const follower = new Follower({}, 'log', 7);
    const { ticket } = follower.state;
    follower.on({ kind: 'fetch-refused', ticket, refusal: { code: 'ahead', detail: 'why', epoch }, nowMs: 0 });
    expect(follower.on({ kind: 'leader-epoch', epoch, nowMs: 1000 }).did).toEqual([]);
    expect(follower.on({ kind: 'leader-epoch', epoch: '4-cccccccc', nowMs: 1000 }).did).toEqual(['fetch']);
  });

  it.each(['diverged', 'other_log', 'ahead'] as const)('%s is kept for an operator', (code) => {
    const follower = refused(new Follower(), code);
    expect(follower.did).toEqual([]);
    expect(follower.state).toMatchObject({ phase: 'refused', refusal: { code }, lastError: `${code}: why` });
    expect(lagChanges(follower.state.progress)).toBeNull();
  });

  it('for changes that are no longer kept leads to the same log, and to nothing older', () => {
    const follower = refused(new Follower().fetched().applied(2), 'compacted');
    expect(follower.effects).toEqual([
      { kind: 'recover', rung: 'compare', expectation: { log: 'log', floor: at(2), above: null }, delayMs: 0 },
    ]);
    expect(follower.state).toMatchObject({ phase: 'recovering', recovery: { obstacle: { code: 'compacted' } } });
    expect(lagChanges(follower.state.progress)).toBeNull();
  });

  it.each(['diverged', 'other_log', 'ahead'] as const)('%s is overcome once where an operator has said so', (code) => {
    const follower = refused(new Follower({ acceptReset: true }).fetched().applied(2), code);
    expect(follower.effects).toMatchObject([{ kind: 'recover', expectation: { log: null, floor: null } }]);
    follower.on({ kind: 'recovered', log: 'another', position: at(9), nowMs: 0 });
    expect(follower.state).toMatchObject({ phase: 'following', log: 'another', applied: at(9), fetchedTo: at(9) });
    expect(refused(follower, code).state.phase).toBe('refused');
  });

  it('that is overcome without a reset does not use it up', () => {
    const follower = refused(new Follower({ acceptReset: true }), 'compacted');
    follower.on({ kind: 'recovered', log: 'log', position: at(9), nowMs: 0 });
    expect(refused(follower, 'ahead').state.phase).toBe('recovering');
  });
});

describe('the rungs', () => {
  const rungOf = (follower: Follower): string | undefined =>
    follower.effects.flatMap((effect) => (effect.kind === 'recover' ? [effect.rung] : []))[0];

  it('are tried from the cheapest that can work', () => {
    expect(rungOf(refused(new Follower(), 'compacted'))).toBe('copy');
    expect(rungOf(refused(new Follower().fetched().applied(2), 'compacted'))).toBe('compare');
    const accepting = (): Follower => new Follower({ acceptReset: true }).fetched().applied(2);
    expect(rungOf(refused(accepting(), 'ahead'))).toBe('compare');
    expect(rungOf(refused(accepting(), 'diverged'))).toBe('compare');
    expect(rungOf(refused(accepting(), 'other_log'))).toBe('copy');
    expect(rungOf(new Follower().fetched().applied(2).on({ kind: 'found-corrupt', reason: 'checksum' }))).toBe('copy');
  });

  it('are left for the next one when they decline, and only then', () => {
    const follower = refused(new Follower().fetched().applied(2), 'compacted');
    expect(rungOf(follower.on({ kind: 'recovery-failed', reason: 'RST', nowMs: 0, random: 0 }))).toBe('compare');
    expect(rungOf(follower.on({ kind: 'recovery-declined', reason: 'too much' }))).toBe('copy');
    expect(follower.state).toMatchObject({ recovery: { rung: 'copy', obstacle: { code: 'compacted' } } });
  });
});

describe('a hold', () => {
  it('lets the page that is being applied be, and no other', () => {
    const follower = new Follower().fetched().on({ kind: 'hold' });
    expect(follower.fetched().did).toEqual([]);
    expect(follower.applied(2).did).toEqual([]);
    expect(follower.on({ kind: 'release', nowMs: 0 }).did).toEqual(['apply', 'fetch']);
  });

  it('at an offset cuts the page that goes beyond, and fetches the rest of it again', () => {
    const follower = new Follower().fetched().applied(2).on({ kind: 'hold' }).fetched();
    follower.on({ kind: 'hold-at', offset: 3, nowMs: 0 });
    expect(follower.effects).toMatchObject([{ kind: 'apply', upTo: 3 }]);
    expect(follower.applied(3).effects).toMatchObject([{ kind: 'fetch', since: at(3) }]);
    expect(follower.fetched().did).toEqual([]);
    expect(follower.on({ kind: 'release', nowMs: 0 }).did).toEqual(['apply', 'fetch']);
  });
});

describe('a copy', () => {
  it('begins when the page that is being applied is done with, however that ends', () => {
    const corrupt = { kind: 'found-corrupt', reason: 'checksum' } as const;
    expect(new Follower().fetched().on(corrupt).did).toEqual(['cancel-fetch']);
    expect(new Follower().fetched().on(corrupt).applied(2).did).toEqual(['recover']);
    expect(new Follower().fetched().on(corrupt).applyFailed().did).toEqual(['recover']);
  });

  it('that fails is made again after longer and longer, and says why', () => {
    const follower = refused(new Follower(), 'compacted');
    const fail = (retryAfterMs?: number): number | undefined =>
      follower.on({ kind: 'recovery-failed', reason: 'RST', retryAfterMs, nowMs: 0, random: 0.5 }).delayMs;
    expect([fail(), fail(), fail(9000)]).toEqual([1000, 2000, 9000]);
    expect(follower.state).toMatchObject({ phase: 'recovering', lastError: 'RST', recovery: { failures: 3 } });
  });

  it('that would be of another log than this node holds is not made', () => {
    const follower = refused(new Follower().fetched().applied(2), 'compacted');
    follower.on({ kind: 'recovery-refused', refusal: { code: 'other_log', detail: 'why' } });
    expect(follower.state).toMatchObject({ phase: 'refused', recovery: null, refusal: { code: 'other_log' } });
  });

  it('is gone on from, without a word of what was so before on another log', () => {
    const follower = refused(new Follower({ acceptReset: true }).empty(), 'other_log');
    follower.on({ kind: 'recovered', log: 'another', position: at(9), nowMs: 0 });
    expect(follower.effects).toMatchObject([{ kind: 'fetch', since: at(9), waitSeconds: 0 }]);
    expect(follower.state.progress).toMatchObject({ applied: 9, connected: false, upToDate: null });
  });
});

describe('a record that is pushed', () => {
  /** Up to date, and parked at the leader, or between two polls. */
  const upToDate = (policy: Partial<FollowerPolicy> = {}): Follower =>
    new Follower(policy).fetched({ headOffset: 2 }).applied(2).empty();

  it('is applied at once when it is the next, and the question at the leader stands', () => {
    const follower = upToDate().pushed();
    expect(follower.effects).toEqual([{ kind: 'apply', payload: 'pushed', changes: 2, upTo: null }]);
    expect(follower.state).toMatchObject({ isFetching: true, isApplying: true, fetchedTo: at(4) });
  });

  it('is acknowledged by the question behind it, which waits until it is durable, and for nothing else', () => {
    const follower = upToDate().pushed().woken({ headOffset: 4 });
    expect(follower.did).toEqual([]);
    expect(follower.applied(4).effects).toMatchObject([{ kind: 'fetch', since: at(4), delayMs: 0, waitSeconds: 10 }]);

    const sooner = upToDate().pushed().applied(4);
    expect(sooner.did).toEqual([]);
    expect(sooner.woken({ headOffset: 4 }).effects).toMatchObject([{ kind: 'fetch', since: at(4), delayMs: 0 }]);
  });

  it('is no contact; and where the answer says that the leader has more, that is asked for at once', () => {
    const follower = upToDate().pushed().applied(4, { nowMs: 9000 });
    expect(follower.state.progress.upToDate).toMatchObject({ asOfMs: 1000 });
    follower.woken({ headOffset: 9, nowMs: 9000 });
    expect(follower.effects).toMatchObject([{ kind: 'fetch', since: at(4), waitSeconds: 0, delayMs: 0 }]);
    expect(lagChanges(follower.state.progress)).toBe(5);
  });

  it('is not taken while a page is being applied, a comparison needs it to stand, a rate is set, or without contact', () => {
    for (const follower of [
      upToDate().pushed(),
      upToDate().on({ kind: 'hold' }),
      upToDate({ rate: { perSecond: 1000, burst: 1000 } }),
      upToDate().failed(),
      new Follower({}, 'log', 2),
      new Follower().empty(),
    ])
      expect(follower.pushed().effects).toEqual([]);
  });

  it('hurries a poll when it says that there is more, once a second and no more', () => {
    const follower = upToDate({ pollIntervalMs: 60_000 });
    const missed = (nowMs: number, { log = 'log', offset = 9 } = {}): readonly string[] =>
      follower.on({ kind: 'push-missed', log, offset, nowMs }).did;
    expect(missed(1000, { offset: 2 })).toEqual([]);
    expect(missed(1000, { log: 'another' })).toEqual([]);
    expect(missed(1000)).toEqual(['cancel-fetch', 'fetch']);
    expect(follower.delayMs).toBe(0);
    expect(missed(1999)).toEqual([]);
    follower.empty({ nowMs: 1999 });
    expect(missed(1999)).toEqual([]);
    expect(missed(2000)).toEqual(['cancel-fetch', 'fetch']);
    expect(upToDate().on({ kind: 'push-missed', log: 'log', offset: 9, nowMs: 1000 }).did).toEqual([]);
    follower.empty({ nowMs: 3000 }).failed();
    expect(missed(9000)).toEqual([]);
  });

  it('does not wait for the next poll where all of an answer was here, and the leader has more', () => {
    const polling = upToDate({ pollIntervalMs: 60_000 });
    const pushed = polling.pushed().applied(4);
    expect(pushed.woken({ headOffset: 9 }).effects).toMatchObject([{ kind: 'fetch', delayMs: 0 }]);
    expect(pushed.woken({ headOffset: 4 }).effects).toMatchObject([{ kind: 'fetch', delayMs: 60_000 }]);
  });

  it('leaves a request alone that is under way, however long it takes, as one who hears of more does', () => {
    const behind = new Follower({ pollIntervalMs: 1000 }).fetched({ headOffset: 90 }).applied(2);
    for (const nowMs of [5000, 50_000]) {
      expect(behind.on({ kind: 'push-missed', log: 'log', offset: 90, nowMs }).did).toEqual([]);
      expect(behind.on({ kind: 'heard', head: 90, leaderHead: 90, nowMs }).did).toEqual([]);
    }
    const between = upToDate({ pollIntervalMs: 1000 });
    const { pausesUntilMs } = between.state;
    expect(between.on({ kind: 'push-missed', log: 'log', offset: 90, nowMs: pausesUntilMs! }).did).toEqual([]);
    const missed = { kind: 'push-missed', log: 'log', offset: 90, nowMs: pausesUntilMs! - 1 } as const;
    expect(between.on(missed).did).toEqual(['cancel-fetch', 'fetch']);
  });
});
