import { hasRival, type Clock, type Store } from '@skein/core';
import { formatPosition, SkeinError, type EpochPromise, type MemberAnswer } from '@skein/protocol';
import { dutyOf, lastCounter, lastEpoch, type Duty, type Heard, type Member, type Self } from '@skein/replication';
import type { FastifyBaseLogger } from 'fastify';
import type { OpenLink } from '../link/node-link.ts';
import { MemberWatch } from './member-watch.ts';
import { Promotion, type PromotionAsked, type PromotionDone } from './promotion.ts';

/** The role a node has, and how it takes on another. */
export interface Roles {
  /** The address it follows; null while it leads, or follows nobody. */
  following(): string | null;
  /** Why it may not lead as it is now. */
  unfit(): string | null;
  /** The newest offset it has heard to have been written. */
  newestKnown(): number;
  /** Runs the step that makes it lead, and works as a leader from then on. */
  lead<T>(begin: () => Promise<T>): Promise<T>;
  /** Writes wait from now on until another one leads, and this one with them; resolves when none is on its way to the store. */
  holdWrites(): Promise<void>;
  /** Nobody else is going to lead: they need not wait any more. */
  letWritesGo(): void;
  /** A member is there again that was not. */
  returned(url: string): void;
  /** Follows what is at an address, or nobody, and why; a leader leads no longer. Unless that is not due any more in its turn. */
  follow(url: string | null, why: string, isStill?: () => boolean): Promise<void>;
}

export interface MembershipOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly openLink: OpenLink;
  /** Addresses of the other members. */
  readonly peers: readonly string[];
  /** Other addresses at which somebody may lead. */
  readonly leaders: readonly string[];
  readonly minReplicas: number;
  /** Another one each time the node is started. */
  readonly instance: string;
  readonly logger: FastifyBaseLogger | undefined;
}

/** Whoever leads has asked the others within this time, or asks them before it acknowledges anything. */
const ASSURED_MS = 6000;
const RETRY_MS = 500;

/**
 * A node's place among the members: what it has heard of them, what it has promised them, and what follows from that for its
 * role. It outlives the roles; each of them serves it.
 */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #watch: MemberWatch;
  readonly #promotion: Promotion;
  readonly #ending = new AbortController();
  readonly #listeners = new Set<() => void>();
  #roles: Roles | null = null;
  readonly #promisedAtMs = new Map<number, number>();
  /** An operator has said whom to follow: nobody else is followed of itself. */
  #isPinned = false;
  #doing: Promise<void> | null = null;

  constructor(options: MembershipOptions) {
    this.#options = options;
    const { store, clock, openLink, minReplicas } = options;
    const urls = [...new Set([...options.peers, ...options.leaders])];
    this.#watch = new MemberWatch({
      // One address that is all there is to follow is followed, whatever is there.
      urls: options.peers.length === 0 && options.leaders.length < 2 ? [] : urls,
      openLink,
      clock,
      onHeard: (...news) => this.#hear(...news),
      isUnsettled: () => this.#isUnsettled(),
    });
    this.#promotion = new Promotion({
      store,
      watch: this.#watch,
      peers: options.peers,
      now: () => clock.now(),
      minReplicas,
      self: () => this.#self(),
      newestKnown: () => this.#roles!.newestKnown(),
      unfit: () => this.#unfit(),
      lead: (begin) => this.#roles!.lead(begin),
    });
  }

  get minReplicas(): number {
    return this.#options.minReplicas;
  }

  /** The members whose acknowledgements count. */
  members(): readonly Member[] {
    const { node } = this.#options.store.facts.identity;
    return this.#watch.members.filter((each) => each.node !== node && this.#options.peers.includes(each.url));
  }

  /** Told when it becomes known who a member is. */
  onMembers(listener: () => void, until: AbortSignal): void {
    this.#listeners.add(listener);
    until.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  start(roles: Roles): void {
    this.#roles = roles;
    this.#watch.start();
    this.#consider();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#watch.stop();
    await this.#doing;
  }

  /** Whether the others have been asked lately, so that this node would know if another one led. */
  get isAssured(): boolean {
    const { lookedAtMs } = this.#watch;
    return lookedAtMs !== null && this.#options.clock.now() - lookedAtMs <= ASSURED_MS;
  }

  /** Asks them, where that was too long ago; what they say has been heeded when it resolves. */
  async assure(): Promise<void> {
    if (this.isAssured) return;
    await this.#watch.look();
    await this.#doing;
  }

  /** What this node says of itself to the others. */
  describe(): MemberAnswer {
    const { facts } = this.#options.store;
    const { identity, history, head, promised, rival } = facts;
    return {
      node: identity.node,
      instance: this.#options.instance,
      log: identity.log,
      role: identity.role,
      history: [...history],
      position: formatPosition(head),
      promised,
      rival: hasRival(facts) ? rival : null,
      asking: this.#promotion.asking ?? this.#unfinished(),
      min_replicas: this.#options.minReplicas,
      unfit: this.#unfit(),
    };
  }

  /** For people: how this node stands in its set, and what it last heard of the others. */
  describeSet(): Readonly<Record<string, unknown>> {
    const { promised, rival, asking, min_replicas, unfit } = this.describe();
    const { node } = this.#options.store.facts.identity;
    const nowMs = this.#options.clock.now();
    const peers = this.#watch.members.filter((each) => each.node !== node);
    return {
      min_replicas,
      promised,
      rival,
      asking,
      unfit,
      peers: peers.map(({ url }) => {
        const heard = this.#watch.heard.find((each) => each.url === url);
        if (heard === undefined)
          return { url, node: null, role: null, epoch: null, position: null, heard_seconds_ago: null };
        const { node: id, role, position, askedAtMs } = heard;
        const epoch = lastEpoch(heard) ?? null;
        const secondsAgo = Math.round((nowMs - askedAtMs) / 100) / 10;
        return { url, node: id, role, epoch, position: formatPosition(position), heard_seconds_ago: secondsAgo };
      }),
    };
  }

  /**
   * Promises an epoch to a candidate, if that says itself, at its own address, that it asks for it. A request that claims so
   * only has it asked.
   */
  async promise(counter: number, candidate: string): Promise<void> {
    const { store, clock } = this.#options;
    const asks = (await this.#find(candidate))?.asking ?? null;
    if (asks !== counter) {
      const why = asks === null ? 'does not ask for one at an address of this node’s --peers' : `asks for ${asks}`;
      throw new SkeinError('promise_refused', `epoch ${counter} is not promised: ${candidate} ${why}`);
    }
    await this.#roles?.holdWrites();
    try {
      await store.leadership.promise({ counter, to: candidate });
    } catch (error) {
      this.#roles?.letWritesGo();
      throw error;
    }
    this.#promisedAtMs.set(counter, clock.now());
  }

  async promote(asked: PromotionAsked): Promise<PromotionDone> {
    this.#isPinned = false;
    const done = await this.#promotion.run(asked);
    const { epoch, promises, members, mayBeLost } = done;
    this.#options.logger?.warn({ epoch, promises, members, mayBeLost }, 'this node has been promoted, and leads');
    return done;
  }

  /** Leads no longer, and follows whoever does. */
  async demote(): Promise<void> {
    const { store, peers } = this.#options;
    if (store.facts.identity.role !== 'leader') throw new SkeinError('not_leader', 'this node does not lead');
    if (peers.length === 0)
      throw new SkeinError('promotion_refused', 'nobody could lead in its place: it has no --peers');
    await this.#roles!.follow(null, 'an operator has demoted it, and nobody is known who leads');
    this.#consider();
  }

  async follow(url: string): Promise<void> {
    const { role } = this.#options.store.facts.identity;
    if (role === 'leader')
      throw new SkeinError('promotion_refused', 'this node leads: demote it, or promote the other one');
    if (role === 'mesh') throw new SkeinError('promotion_refused', 'this node is one of a mesh, and follows nobody');
    this.#isPinned = true;
    const isFollower = (): boolean => this.#options.store.facts.identity.role === 'follower';
    await this.#roles!.follow(url, 'an operator has said so', isFollower);
  }

  async #find(node: string): Promise<Heard | null> {
    const isIt = (heard: Heard): boolean => heard.node === node && heard.log === (this.#self().log ?? heard.log);
    const known = this.#watch.heard.find(isIt);
    const answered = known === undefined ? null : await this.#watch.ask(known.url);
    if (answered !== null && isIt(answered)) return answered;
    return (await this.#watch.look()).find(isIt) ?? null;
  }

  #self(): Self {
    const { identity, history, promised, rival } = this.#options.store.facts;
    const { log, node } = identity;
    const following = this.#roles?.following() ?? null;
    // One whose store is corrupt follows already, to be copied anew, and its store cannot say so.
    const role = following === null ? identity.role : 'follower';
    const asking = this.#promotion.asking;
    const { instance } = this.#options;
    return { log, node, instance, role, history, promised, rival, promisedAtMs: this.#promisedAtMs, asking, following };
  }

  /** What it has promised to itself and not given up: an attempt whose end it does not know may yet have come through. */
  #unfinished(): number | null {
    const { identity, history, promised } = this.#options.store.facts;
    const isOwn = ({ to, counter }: EpochPromise): boolean =>
      to === identity.node && counter > lastCounter({ history });
    return promised.outstanding.findLast(isOwn)?.counter ?? null;
  }

  #unfit(): string | null {
    const { peers, store } = this.#options;
    if (store.facts.identity.log === null) return 'it has nothing of any log yet';
    if (peers.length === 0) return 'it is no member of a set: it has no --peers';
    return this.#roles?.unfit() ?? null;
  }

  /** It has promised what has not begun, or follows nobody. */
  #isUnsettled(): boolean {
    const { promised, identity, history } = this.#options.store.facts;
    const isOwed = promised.outstanding.some(({ counter }) => counter > lastCounter({ history }));
    return isOwed || (identity.role === 'follower' && this.#roles?.following() === null);
  }

  #hear(heard: Heard, before: Heard | null, wasSilent: boolean): void {
    if (before?.node !== heard.node || before.log !== heard.log) for (const tell of this.#listeners) tell();
    if (wasSilent) this.#roles?.returned(heard.url);
    this.#consider();
  }

  /** Looks whether there is something to do; what there is behind that is looked for when it is done. */
  #consider(): void {
    if (this.#doing !== null || this.#roles === null || this.#ending.signal.aborted) return;
    const duty = dutyOf(this.#self(), this.#watch.heard);
    if (duty.kind === 'none' || (duty.kind === 'follow' && this.#isPinned)) return;
    this.#doing = this.#do(duty).then((isDone) => {
      this.#doing = null;
      if (isDone) this.#consider();
    });
  }

  /** False when it could not be done now; it is tried again a little later. */
  async #do(duty: Exclude<Duty, { kind: 'none' }>): Promise<boolean> {
    const { logger, clock } = this.#options;
    try {
      await this.#perform(duty);
      return true;
    } catch (error) {
      logger?.warn(
        { err: error, duty: duty.kind },
        'what the other members say could not be heeded; will be tried again',
      );
      await clock.sleep(RETRY_MS, this.#ending.signal).catch(() => undefined);
      return false;
    }
  }

  async #perform(duty: Exclude<Duty, { kind: 'none' }>): Promise<void> {
    const { store, logger } = this.#options;
    // When its turn has come, this node may lead with a higher epoch itself.
    const isStill = (): boolean => dutyOf(this.#self(), this.#watch.heard).kind === duty.kind;
    switch (duty.kind) {
      case 'follow':
        logger?.warn({ leader: duty.url, epoch: duty.epoch }, 'another node leads; following it');
        return this.#roles!.follow(duty.url, '', isStill);
      case 'step-down':
        logger?.warn({ epoch: duty.epoch }, 'there is a higher epoch; leading no longer');
        return this.#roles!.follow(
          null,
          `there is epoch ${duty.epoch}, and nobody is known who leads with it`,
          isStill,
        );
      case 'follow-nobody': {
        const epochs = duty.rivals.join(' and ');
        this.#isPinned = false;
        return this.#roles!.follow(
          null,
          `epochs ${epochs} are rivals: one of those who lead has to be promoted again`,
          isStill,
        );
      }
      case 'renounce':
        logger?.error(
          { rival: duty.rival, url: duty.url },
          'another node leads with the same counter; nothing is written',
        );
        return store.leadership.renounce(duty.rival);
      case 'release':
        return this.#release(duty.promise);
    }
  }

  async #release({ counter, to }: EpochPromise): Promise<void> {
    const { store, logger } = this.#options;
    logger?.warn({ epoch: counter, candidate: to }, 'a candidate has given up the epoch that was promised to it');
    await store.leadership.release({ counter, to });
    this.#roles!.letWritesGo();
  }
}
