import type { Store } from '@skein/core';
import { epochCounter, SkeinError, type Epoch, type LossAccepted, type Position } from '@skein/protocol';
import {
  counterToAsk,
  lastCounter,
  lastEpoch,
  othersOf,
  planTakeover,
  type Heard,
  type Member,
  type MemberSet,
  type Promised,
  type Self,
  type TakeoverPlan,
} from '@skein/replication';
import { Readable } from 'node:stream';
import { heardFrom, type MemberWatch } from './member-watch.ts';
import { goOnTo } from './take-over.ts';

export interface PromotionAsked {
  readonly acceptLoss: boolean;
  /** The leader that is to hand over; without its promise nothing happens. */
  readonly from: string | undefined;
}

export interface PromotionDone {
  readonly epoch: Epoch;
  readonly position: Position;
  readonly promises: number;
  readonly members: number;
  readonly mayBeLost: LossAccepted | null;
}

export interface PromotionParts {
  readonly store: Store;
  readonly watch: MemberWatch;
  /** Addresses of the other members. */
  readonly peers: readonly string[];
  readonly now: () => number;
  readonly minReplicas: number;
  readonly self: () => Self;
  /** The newest offset this node has heard to have been written. */
  readonly newestKnown: () => number;
  readonly unfit: () => string | null;
  /** Runs the step that makes it lead, and has it work as a leader then. */
  readonly lead: (begin: () => Promise<Position>) => Promise<Position>;
}

const ANSWER_MS = 2000;

/** What has been asked of the members, and what came of it. */
interface Asked {
  readonly set: MemberSet;
  /** Where the logs of those ended that have promised, by their addresses. */
  readonly promises: ReadonlyMap<string, Position>;
  readonly acceptLoss: boolean;
}

/**
 * One promotion of this node: asks the members for their promises, fetches what the most advanced of them has and this one
 * lacks, begins the epoch. What it asks for it says at its own address, where they look before they promise; once it does
 * not say so any more without having begun the epoch, it never will, and they are free again.
 */
export class Promotion {
  readonly #parts: PromotionParts;
  #asking: number | null = null;

  constructor(parts: PromotionParts) {
    this.#parts = parts;
  }

  /** The counter it asks for, while it does. */
  get asking(): number | null {
    return this.#asking;
  }

  async run(asked: PromotionAsked): Promise<PromotionDone> {
    const { store, watch, self, unfit } = this.#parts;
    const reason = this.#asking === null ? unfit() : `it is being promoted already, with epoch ${this.#asking}`;
    if (reason !== null) throw new SkeinError('promotion_refused', reason);
    // Nobody else begins one meanwhile; which counter it is shows when the others have been heard.
    this.#asking = counterToAsk(self(), watch.heard);
    try {
      const heard = this.#members(await watch.look());
      this.#asking = counterToAsk(self(), [...heard, ...watch.heard]);
      return await this.#ask(this.#asking, asked, heard);
    } finally {
      const counter = this.#asking;
      this.#asking = null;
      const { node } = store.facts.identity;
      // Whatever cannot be written now is released when the members are next heard.
      await store.leadership.release({ counter, to: node }).catch(() => undefined);
    }
  }

  async #ask(counter: number, { acceptLoss, from }: PromotionAsked, heard: readonly Heard[]): Promise<PromotionDone> {
    const { store } = this.#parts;
    this.#assertAlone();
    const set = this.#set(heard);
    const leader = leaderAmong(heard);
    if (from !== undefined && leader?.url !== from) throw refused(`${from} does not lead; ${whoLeads(leader)}`);
    this.#assertLikely(set, heard, { acceptLoss });
    // Itself before all others: whatever becomes of this attempt, the next one takes a higher counter.
    await store.leadership.promise({ counter, to: store.facts.identity.node });
    const promises = new Map<string, Position>();
    // The leader first, while all the others still follow it: what it has acknowledged, and is about to, reaches them.
    if (leader !== undefined) await this.#askOne(leader.url, counter, promises);
    const ofLeader = leader === undefined ? undefined : promises.get(leader.url);
    if (from !== undefined && ofLeader === undefined) throw refused(`${from} has not promised to hand over`);
    if (ofLeader !== undefined && isBehind(store, ofLeader)) await this.#goOnTo(leader!.url, ofLeader);
    const rest = heard.filter(({ url }) => url !== leader?.url);
    await Promise.all(rest.map(({ url }) => this.#askOne(url, counter, promises)));
    return this.#takeOver(counter, { set, promises, acceptLoss });
  }

  async #takeOver(counter: number, asked: Asked): Promise<PromotionDone> {
    const { store, lead } = this.#parts;
    for (;;) {
      const plan = assertEnough(this.#plan(asked));
      if (plan.kind === 'fetch') {
        await this.#goOnTo(plan.from, plan.position);
        continue;
      }
      const { mayBeLost } = plan;
      const begun = { counter, reason: 'promoted', ...(mayBeLost === undefined ? {} : { mayBeLost }) } as const;
      const position = await lead(() => store.leadership.lead(begun));
      const [promises, { members }] = [asked.promises.size + 1, asked.set];
      return { epoch: position.epoch, position, promises, members, mayBeLost: mayBeLost ?? null };
    }
  }

  /** Another node that has this one's id would be taken for this one, and be no member. */
  #assertAlone(): void {
    const { watch, self } = this.#parts;
    const { node, instance } = self();
    const other = watch.heard.find((each) => each.node === node && each.instance !== instance);
    if (other !== undefined)
      throw refused(`${other.url} has the id of this node, ${node}: start it with another --node-id`);
  }

  /** Before anything is asked of anybody: what comes of it if all promise who are there. Others will not. */
  #assertLikely(set: MemberSet, heard: readonly Heard[], { acceptLoss }: Pick<PromotionAsked, 'acceptLoss'>): void {
    const promises = new Map(heard.map(({ url, position }) => [url, position]));
    assertEnough(this.#plan({ set, promises, acceptLoss }));
  }

  #plan({ set, promises, acceptLoss }: Asked): TakeoverPlan {
    const { store, watch, newestKnown } = this.#parts;
    const own = store.facts.head;
    const others: readonly Promised[] = [...promises].map(([url, position]) => ({ url, position }));
    return planTakeover({
      ...set,
      own,
      promises: [...others, { url: null, position: own }],
      silent: this.#urls().filter((url) => !promises.has(url)),
      newestKnown: Math.max(newestKnown(), ...watch.heard.map(({ position }) => position.offset)),
      acceptLoss,
    });
  }

  #set(heard: readonly Heard[]): MemberSet {
    const minReplicas = Math.min(this.#parts.minReplicas, ...heard.map((each) => each.minReplicas));
    return { members: 1 + this.#urls().length, minReplicas };
  }

  /** Those of them that are members, each once: one may be known by several addresses. */
  #members(heard: readonly Heard[]): readonly Heard[] {
    const members = othersOf(this.#parts.self(), heard).filter(({ url }) => this.#parts.peers.includes(url));
    return members.filter(({ node }, i) => members.findIndex((each) => each.node === node) === i);
  }

  /** The addresses of the other members; its own may be in the list. */
  #urls(): readonly string[] {
    const { watch, self } = this.#parts;
    const isMember = ({ url, node }: Member): boolean => node !== self().node && this.#parts.peers.includes(url);
    return watch.members.filter(isMember).map(({ url }) => url);
  }

  async #goOnTo(url: string, position: Position): Promise<void> {
    const { store, watch } = this.#parts;
    await goOnTo(store, position, watch.linkTo(url), url);
  }

  /** One that does not promise is one that is not there. */
  async #askOne(url: string, counter: number, promises: Map<string, Position>): Promise<void> {
    const given = await this.#promiseOf(url, counter).catch(() => undefined);
    if (given !== undefined) promises.set(url, given);
  }

  async #promiseOf(url: string, counter: number): Promise<Position | undefined> {
    const { watch, self, now } = this.#parts;
    const text = JSON.stringify({ counter, candidate: self().node });
    const { status, body } = await watch.linkTo(url).request({
      method: 'POST',
      path: '/v1/promises',
      headers: { 'content-type': 'application/json' },
      body: Readable.from([Buffer.from(text)], { objectMode: false }),
      answerMs: ANSWER_MS,
    });
    const answer = await body.text();
    if (status !== 200) return undefined;
    const { promised, position, log } = heardFrom(url, JSON.parse(answer), now());
    const isGiven = promised.outstanding.some((given) => given.counter === counter && given.to === self().node);
    return isGiven && (log === null || log === self().log) ? position : undefined;
  }
}

/** Whether a leader has what this node lacks; what a rival has is nothing that it lacks. */
function isBehind({ facts }: Store, { offset, epoch }: Position): boolean {
  const isOfSame = epoch === lastEpoch(facts);
  return offset > facts.head.offset && (isOfSame || epochCounter(epoch) > lastCounter(facts));
}

function leaderAmong(heard: readonly Heard[]): Heard | undefined {
  const leaders = heard.filter(({ role }) => role === 'leader');
  return leaders.toSorted((a, b) => lastCounter(b) - lastCounter(a))[0];
}

function whoLeads(leader: Heard | undefined): string {
  return leader === undefined ? 'nobody who answers does' : `${leader.url} does`;
}

/** Throws for a plan that leads to nothing, and says what would have to be accepted. */
function assertEnough(plan: TakeoverPlan): Extract<TakeoverPlan, { kind: 'fetch' | 'lead' }> {
  switch (plan.kind) {
    case 'too-few':
      throw tooFew(plan.needed, plan.given, plan.mayBeLost);
    case 'rivals':
      throw refused(
        `${plan.mayBeLost.members.join(', ')} has changes of a rival epoch, which would be given up`,
        plan.mayBeLost,
      );
    case 'fetch':
    case 'lead':
      return plan;
  }
}

function refused(why: string, mayBeLost?: LossAccepted): SkeinError {
  return new SkeinError('promotion_refused', why, mayBeLost === undefined ? {} : { mayBeLost });
}

function tooFew(needed: number, given: number, mayBeLost: LossAccepted): SkeinError {
  const { members, after, upTo } = mayBeLost;
  const range = `what was written behind ${after}${upTo === null ? '' : `, at least up to ${upTo},`}`;
  return refused(
    `${given} of ${needed} promises: nothing from ${members.join(', ')}; with acceptLoss ${range} may be lost`,
    mayBeLost,
  );
}
