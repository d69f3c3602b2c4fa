import { START, type Position } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { breakerDelayMs } from './breaker.ts';
import { step } from './follower-machine.ts';
import {
  initialFollower,
  type FollowerEffect,
  type FollowerEvent,
  type FollowerPolicy,
  type Refusal,
} from './follower-state.ts';
import { lagChanges, NO_LAG } from './progress.ts';

/**
 * The machine in a world where everything that can happen does, in any order. The world is a simulated leader, disk and
 * clock: it commits pages exactly as the effects say, and holds every effect and state to what the machine promises.
 * Never two fetches or two applies in flight, one page in hand at most, every page applied behind what is durable,
 * nothing after a refusal, no lag claimed without contact, no more fetched than the rate allows, nothing else under way
 * while a copy is made. When the faults end, everything must arrive.
 */
const POLICY: FollowerPolicy = {
  backoff: { baseMs: 2000, maxMs: 60_000 },
  breaker: { failuresMax: 3, openMs: 30_000 },
  pollIntervalMs: null,
  waitSeconds: 10,
  pageSizeMax: 5000,
  rate: null,
  acceptReset: false,
};

const RATE = { perSecond: 1, burst: 4 };

/** Records of the leader's log from `from` up to, but not including, `to`. */
interface Span {
  readonly from: number;
  readonly to: number;
}

type Page = Extract<FollowerEvent<Span>, { kind: 'fetched' }>['page'];

class World {
  /** The position behind each of the leader's records; the first is the empty log's. */
  readonly log: Position[] = [START];
  readonly visited: Set<string>;
  state;
  now = 0;
  durable = 0;
  applying: Span | null = null;
  fetch: { readonly ticket: number; readonly since: number; notBefore: number } | null = null;
  readonly retired: number[] = [0];
  recovering: { readonly notBefore: number } | null = null;
  /** Where it is to stand still; nowhere while that is not said, everywhere while it is only to hold. */
  holdAt = Infinity;
  inContact = false;
  /** Offset of the leader's head at the time of each good answer. */
  readonly #headAt = new Map<number, number>();
  readonly #came: { readonly atMs: number; readonly changes: number }[] = [];
  #epoch = 1;

  constructor(visited: Set<string>, rate: FollowerPolicy['rate']) {
    this.visited = visited;
    this.state = initialFollower<Span>({ ...POLICY, rate }, null, START);
    this.dispatch({ kind: 'started' });
  }

  grow(changes: number, epochs: number): void {
    this.#epoch += epochs;
    const offset = this.log.at(-1)!.offset + changes;
    const hash = this.log.length.toString(16).padStart(16, '0');
    this.log.push({ offset, epoch: `${this.#epoch}-aaaaaaaa`, hash });
  }

  dispatch(event: FollowerEvent<Span>): readonly FollowerEffect<Span>[] {
    const before = this.state;
    const { state, effects } = step(before, event);
    this.state = state;
    if (before.phase === 'refused') expect(effects).toEqual([]);
    for (const effect of effects) this.#perform(effect);
    this.#check();
    return effects;
  }

  #perform(effect: FollowerEffect<Span>): void {
    this.visited.add(effect.kind);
    switch (effect.kind) {
      case 'fetch': {
        expect(this.fetch, 'never two fetches in flight').toBeNull();
        expect(effect.ticket).toBeGreaterThan(this.retired.at(-1)!);
        const since = this.applying?.to ?? this.durable;
        expect(effect.since, 'behind everything applied or being applied').toEqual(this.log[since]);
        this.fetch = { ticket: effect.ticket, since, notBefore: this.#delayed(effect.delayMs) };
        return;
      }
      case 'retry':
        expect(this.fetch, 'only a fetch in flight can be retried').not.toBeNull();
        this.fetch!.notBefore = this.#delayed(effect.delayMs);
        return;
      case 'cancel-fetch':
        expect(this.fetch).not.toBeNull();
        this.#retire();
        return;
      case 'apply': {
        expect(this.applying, 'never two applies in flight').toBeNull();
        expect(effect.payload.from, 'continues what is durable').toBe(this.durable);
        const { from } = effect.payload;
        const to =
          effect.upTo === null ? effect.payload.to : this.log.findIndex(({ offset }) => offset === effect.upTo);
        expect(to, 'a page is cut behind one of its records').toBeGreaterThan(from);
        expect(this.log[to]!.offset, 'nothing is applied beyond where it is to stand').toBeLessThanOrEqual(this.holdAt);
        if (effect.upTo !== null) this.visited.add('page cut');
        this.applying = { from, to };
        return;
      }
      case 'recover':
        expect([this.fetch, this.applying, this.recovering], 'the store is at rest').toEqual([null, null, null]);
        expect(effect.expectation).toEqual({ log: this.state.log, floor: this.log[this.durable], above: null });
        this.recovering = { notBefore: this.now + effect.delayMs };
        return;
      case 'cancel-recovery':
        expect(this.recovering).not.toBeNull();
        this.recovering = null;
    }
  }

  #delayed(delayMs: number): number {
    expect(delayMs).toBeGreaterThanOrEqual(breakerDelayMs(this.state.breaker, this.now));
    expect(delayMs).toBeLessThanOrEqual(60_000);
    return this.now + delayMs;
  }

  #retire(): void {
    this.retired.push(this.fetch!.ticket);
    this.fetch = null;
  }

  #check(): void {
    const { phase, isFetching, isApplying, inHand, applied, progress } = this.state;
    this.visited.add(phase);
    if (inHand !== null) this.visited.add('page in hand');
    expect({ isFetching, isApplying }).toEqual({ isFetching: this.fetch !== null, isApplying: this.applying !== null });
    const isHeld = this.holdAt < Infinity && inHand !== null;
    if (phase === 'following') expect(isFetching || isApplying || isHeld, 'never idle').toBe(true);
    if (phase === 'recovering') expect(isApplying || this.recovering !== null, 'never idle').toBe(true);
    else expect(this.recovering).toBeNull();
    if (phase !== 'following') expect([isFetching, inHand]).toEqual([false, null]);
    if (inHand !== null) expect([isFetching, isApplying || isHeld], 'two pages at most').toEqual([false, true]);
    expect(applied).toEqual(this.log[this.durable]);
    expect(progress.applied).toBe(applied.offset);
    if (!this.inContact) expect(lagChanges(progress)).toBeNull();
    const { upToDate } = progress;
    if (upToDate !== null) expect(applied.offset).toBeGreaterThanOrEqual(this.#headAt.get(upToDate.asOfMs)!);
  }

  /** What a leader sends for a span, as far as it has it. */
  page({ from, to }: Span): Page {
    const end = Math.min(to, this.log.length - 1);
    const [before, first, next] = [this.log[from], this.log[from + 1], this.log[end]!];
    const facts = { log: 'log', headOffset: this.log.at(-1)!.offset, lag: NO_LAG };
    if (before === undefined || first === undefined || end <= from) return { ...facts, changes: 0, content: null };
    const place = { offsetFirst: before.offset + 1, hashBefore: before.hash, epochFirst: first.epoch, next };
    return { ...facts, changes: next.offset - before.offset, content: { ...place, payload: { from, to: end } } };
  }

  /** Behind which record it has everything, or is about to. */
  get here(): number {
    return this.log.findIndex(({ offset }) => offset === this.state.fetchedTo.offset);
  }

  /** What comes of the question that stands, without what has been pushed since it was asked. */
  answer(records: number): Page {
    const { since } = this.fetch!;
    const to = since + records;
    if (this.here <= since) return this.page({ from: since, to });
    const changesHere = this.log[Math.min(to, this.here)]!.offset - this.log[since]!.offset;
    const page = this.page({ from: this.here, to });
    return { ...page, changesHere };
  }

  /** A leader's answer, after whatever delay was asked for; a bad one is a failed fetch, which is tried again. */
  fetched(page: Page, isGood: boolean): readonly FollowerEffect<Span>[] {
    const { ticket } = this.#arrive();
    this.#count(page.changes);
    this.inContact = isGood;
    if (isGood) {
      this.#headAt.set(this.now, page.headOffset);
      this.#retire();
    }
    return this.dispatch({ kind: 'fetched', ticket, page, tookMs: 1, nowMs: this.now, random: 0.5 });
  }

  pushed(page: Page, leaderEpoch: string, isNext: boolean): void {
    const before = this.state;
    const effects = this.dispatch({ kind: 'pushed', page, leaderEpoch });
    if (effects.length === 0) {
      expect(this.state).toBe(before);
      return;
    }
    expect(isNext, 'only the next record is taken').toBe(true);
    expect(page.content!.next.epoch, 'a new epoch comes over the feed').toBe(before.fetchedTo.epoch);
    expect(this.inContact, 'and only in contact').toBe(true);
    this.visited.add('pushed');
  }

  /** Over any period there came no more than the burst, the rate, and the last page. */
  #count(changes: number): void {
    this.#came.push({ atMs: this.now, changes });
    if (this.state.policy.rate === null) return;
    let before = 0;
    for (const { atMs, changes: these } of this.#came.slice(0, -1).toReversed()) {
      before += these;
      expect(before).toBeLessThanOrEqual(RATE.burst + (RATE.perSecond * (this.now - atMs)) / 1000);
    }
  }

  fetchFailed(random: number, retryAfterMs: number): void {
    const { ticket } = this.#arrive();
    this.inContact = false;
    this.dispatch({ kind: 'fetch-failed', ticket, reason: 'RST', retryAfterMs, nowMs: this.now, random });
    this.visited.add(`breaker ${this.state.breaker.kind}`);
  }

  fetchRefused(code: Refusal['code']): void {
    const { ticket } = this.#arrive();
    this.inContact = false;
    this.#retire();
    this.dispatch({ kind: 'fetch-refused', ticket, refusal: { code, detail: 'no' }, nowMs: this.now });
  }

  applied(tookMs: number): void {
    const position = this.#endApply(true);
    this.dispatch({
      kind: 'applied',
      position,
      changes: position.offset - this.state.applied.offset,
      tookMs,
      nowMs: this.now,
    });
  }

  /** As whoever compares does: hold, learn of a position that is not behind what was fetched, stand there, let go. */
  hold(): void {
    this.holdAt = -1;
    this.dispatch({ kind: 'hold' });
  }

  /** What is being applied was fetched before the hold, and so is not beyond where it is to stand. */
  holdSomewhere(records: number): void {
    const least = this.log.findIndex(({ offset }) => offset === this.state.fetchedTo.offset);
    this.holdAt = this.log[Math.min(least + records, this.log.length - 1)]!.offset;
    this.dispatch({ kind: 'hold-at', offset: this.holdAt, nowMs: this.now });
  }

  release(): void {
    this.holdAt = Infinity;
    this.dispatch({ kind: 'release', nowMs: this.now });
  }

  /** The store holds what the leader has by now, whatever it held before. */
  recovered(): void {
    this.now = Math.max(this.now, this.recovering!.notBefore) + 1;
    this.recovering = null;
    this.durable = this.log.length - 1;
    this.dispatch({ kind: 'recovered', log: 'log', position: this.log.at(-1)!, nowMs: this.now });
  }

  recoveryFailed(random: number): void {
    this.now = Math.max(this.now, this.recovering!.notBefore) + 1;
    this.recovering = null;
    this.dispatch({ kind: 'recovery-failed', reason: 'RST', nowMs: this.now, random });
  }

  recoveryRefused(): void {
    this.recovering = null;
    this.dispatch({ kind: 'recovery-refused', refusal: { code: 'other_log', detail: 'no' } });
  }

  foundCorrupt(): void {
    this.inContact = false;
    this.dispatch({ kind: 'found-corrupt', reason: 'checksum' });
  }

  /** A write that failed half-way: after the reopen the page may be there or not. */
  applyFailed(isThere: boolean, random: number): void {
    const applied = this.#endApply(isThere);
    this.inContact = false;
    this.visited.add(isThere ? 'failed page was there' : 'failed page was lost');
    this.dispatch({ kind: 'apply-failed', reason: 'EIO', applied, nowMs: this.now, random });
  }

  /** It may be told so at any time: a disk comes and goes. */
  storeReady(): void {
    this.dispatch({ kind: 'store-ready', nowMs: this.now, random: 0.5 });
  }

  stop(): void {
    this.inContact = false;
    this.dispatch({ kind: 'stopped' });
  }

  #arrive(): NonNullable<World['fetch']> {
    this.now = Math.max(this.now, this.fetch!.notBefore) + 1;
    return this.fetch!;
  }

  /** What is durable now that the page was written, or was not. */
  #endApply(isThere: boolean): Position {
    if (isThere) this.durable = this.applying!.to;
    this.applying = null;
    return this.log[this.durable]!;
  }
}

type Action = (world: World) => void;

const ifFetching =
  (act: Action): Action =>
  (world) =>
    void (world.fetch !== null && act(world));
const ifApplying =
  (act: Action): Action =>
  (world) =>
    void (world.applying !== null && act(world));

const grow = fc.record({ changes: fc.integer({ min: 1, max: 3 }), epochs: fc.constantFrom(0, 0, 0, 1, 2) }).map(
  ({ changes, epochs }): Action =>
    (world) =>
      world.grow(changes, epochs),
);

const answer = fc.integer({ min: 1, max: 3 }).map((records) =>
  ifFetching((world) => {
    world.fetched(world.answer(records), true);
  }),
);

/** A page that does not continue what was fetched before it, however it came to that. */
const wrongPage = fc.constantFrom('gap', 'repeat', 'hash', 'epoch', 'rival').map((fault) =>
  ifFetching((world) => {
    const { since } = world.fetch!;
    const from = since + { gap: 1, repeat: -1, hash: 0, epoch: 0, rival: 0 }[fault];
    const page = world.page({ from, to: from + 2 });
    if (page.content === null || since === 0 || world.here > since) return;
    const content = {
      ...page.content,
      ...(fault === 'hash' ? { hashBefore: 'f'.repeat(16) } : {}),
      ...(fault === 'epoch' ? { epochFirst: '0-aaaaaaaa' } : {}),
      ...(fault === 'rival' ? { epochFirst: world.log[since]!.epoch.replace('aa', 'zz') } : {}),
    };
    world.visited.add(`wrong page: ${fault}`);
    expect(world.fetched({ ...page, content }, false).map(({ kind }) => kind)).toEqual(['retry']);
  }),
);

/** A record beside the feed: the next one, or one that must not be taken. */
const pushed = fc
  .constantFrom('next', 'gap', 'repeat', 'hash', 'epoch', 'log', 'other leader')
  .map((fault): Action => (world) => {
    const { here } = world;
    const from = here + { gap: 1, repeat: -1, next: 0, hash: 0, epoch: 0, log: 0, 'other leader': 0 }[fault];
    const page = world.page({ from, to: from + 1 });
    if (page.content === null || here === 0) return;
    const content = {
      ...page.content,
      ...(fault === 'hash' ? { hashBefore: 'f'.repeat(16) } : {}),
      ...(fault === 'epoch' ? { epochFirst: world.log[here]!.epoch.replace('aa', 'zz') } : {}),
    };
    const leaderEpoch = fault === 'other leader' ? '9-zzzzzzzz' : world.log[here]!.epoch;
    const log = fault === 'log' ? 'another' : page.log;
    world.pushed({ ...page, log, content }, leaderEpoch, fault === 'next');
  });

const pushMissed = fc.nat(9).map(
  (ahead): Action =>
    (world) =>
      void world.dispatch({ kind: 'push-missed', log: 'log', offset: world.durable + ahead, nowMs: world.now }),
);

const fetchFailed = fc
  .record({ random: fc.constantFrom(0, 0.5, 0.99), retryAfterMs: fc.constantFrom(0, 5000) })
  .map(({ random, retryAfterMs }) => ifFetching((world) => world.fetchFailed(random, retryAfterMs)));

/** Any answer to a fetch that was answered or cancelled before, or never sent. */
const stale = fc
  .record({ which: fc.nat(), kind: fc.constantFrom('fetched', 'fetch-failed', 'fetch-refused') })
  .map(({ which, kind }): Action => (world) => {
    const tickets = [...world.retired, world.state.ticket + 1];
    const common = { ticket: tickets[which % tickets.length]!, nowMs: world.now, random: 0 };
    const page = world.page({ from: world.durable, to: world.durable + 1 });
    const before = world.state;
    if (kind === 'fetched') world.dispatch({ kind, page, tookMs: 1, ...common });
    if (kind === 'fetch-failed') world.dispatch({ kind, reason: 'late', ...common });
    if (kind === 'fetch-refused') world.dispatch({ kind, refusal: { code: 'ahead', detail: 'late' }, ...common });
    expect(world.state).toBe(before);
  });

const applied = fc.constantFrom(1, 150, 900).map((tookMs) => ifApplying((world) => world.applied(tookMs)));

const ifRecovering =
  (act: Action): Action =>
  (world) =>
    void (world.recovering !== null && act(world));

const applyFailed = fc
  .record({ isThere: fc.boolean(), random: fc.constantFrom(0, 0.99) })
  .map(({ isThere, random }) => ifApplying((world) => world.applyFailed(isThere, random)));

const recovered = fc.constant(ifRecovering((world) => world.recovered()));
const recoveryFailed = fc.constantFrom(0, 0.99).map((random) => ifRecovering((world) => world.recoveryFailed(random)));
const recoveryRefused = fc.constant(ifRecovering((world) => world.recoveryRefused()));
const storeReady = fc.constant<Action>((world) => world.storeReady());
const foundCorrupt = fc.constant<Action>((world) => world.foundCorrupt());

const refused = fc
  .constantFrom<Refusal['code'][]>('compacted', 'diverged', 'other_log', 'ahead')
  .map((code) => ifFetching((world) => world.fetchRefused(code)));

const hold = fc.constant<Action>((world) => world.hold());
const holdAt = fc.nat(3).map(
  (records): Action =>
    (world) =>
      void (world.holdAt === -1 && world.holdSomewhere(records)),
);
const release = fc.constant<Action>((world) => world.release());
const stop = fc.constant<Action>((world) => world.stop());
const pause = fc.nat(40_000).map(
  (ms): Action =>
    (world) =>
      void (world.now += ms),
);

const weighted = (weight: number, arbitraries: fc.Arbitrary<Action>[]): fc.WeightedArbitrary<Action>[] =>
  arbitraries.map((arbitrary) => ({ weight, arbitrary }));

const actions = fc.array(
  fc.oneof(
    ...weighted(20, [grow, answer, answer, applied, stale, fetchFailed, wrongPage, pause, pushed, pushed]),
    ...weighted(12, [pushMissed, applyFailed, storeReady, recovered, recoveryFailed, holdAt, release]),
    ...weighted(6, [hold]),
    ...weighted(2, [refused, foundCorrupt]),
    ...weighted(1, [recoveryRefused, stop]),
  ),
  { maxLength: 120, size: 'max' },
);

const isUpToDate = ({ state, durable, log }: World): boolean =>
  lagChanges(state.progress) === 0 && durable === log.length - 1;

/** No more faults: the leader answers, the disk writes. */
function settle(world: World): void {
  world.release();
  for (let turns = 2 * world.log.length + 4; turns > 0 && !isUpToDate(world); turns--) {
    if (world.applying !== null) world.applied(1);
    else if (world.recovering !== null) world.recovered();
    else world.fetched(world.answer(2), true);
  }
}

describe('a follower, whatever happens in whatever order', () => {
  it('applies every page once and in order, and all of them when the faults end, unless it had to stop', () => {
    const visited = new Set<string>();
    fc.assert(
      fc.property(actions, fc.constantFrom(null, RATE), (acts, rate) => {
        const world = new World(visited, rate);
        for (const act of acts) act(world);
        if (world.state.phase !== 'following' && world.state.phase !== 'recovering') return;
        settle(world);
        expect(isUpToDate(world)).toBe(true);
      }),
      // The rarest place is come past in one walk of fifty.
      { numRuns: 1500 },
    );
    // The walk is worth something only when it came past everything.
    const phases = ['following', 'recovering', 'refused', 'stopped'];
    const effects = ['fetch', 'retry', 'cancel-fetch', 'apply', 'recover', 'cancel-recovery'];
    const places = [
      'page in hand',
      'breaker closed',
      'breaker open',
      'failed page was there',
      'failed page was lost',
      'page cut',
      'pushed',
    ];
    const faults = ['gap', 'repeat', 'hash', 'epoch', 'rival'].map((fault) => `wrong page: ${fault}`);
    expect(visited).toEqual(new Set([...phases, ...effects, ...places, ...faults]));
  });
});
