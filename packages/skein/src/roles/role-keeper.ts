import type { IncomingMessage, ServerResponse } from 'node:http';
import { Turns, type Clock, type Committed, type Store, type Transaction } from '@skein/core';
import { Follower } from '@skein/follower';
import { problemBody, type Membership, type Roles, type Routes } from '@skein/http';
import { Leader } from '@skein/leader';
import { MEDIA_TYPES, SkeinError, takesWrites, type Health, type Role } from '@skein/protocol';

import { isWrite, WriteGate } from './write-gate.ts';

type NodeOfRole = Leader | Follower;

export interface RoleParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly membership: Membership;
  readonly makeLeader: () => Leader;
  /** One that follows what is at an address, unless there is a reason why it follows nobody; null for a node that never follows. */
  readonly makeFollower: ((url: string | null, noLeaderReason: string | null) => Follower) | null;
  /** Whom a follower follows as long as nobody has said otherwise; null for nobody. */
  readonly leaderUrl: string | null;
}

/** What cannot be opened now, since its store is being reopened, is opened a little later. */
const RETRY_MS = 250;

const NOBODY_KNOWN = 'nobody is known yet who leads';

/**
 * A node that leads or follows, and goes from one to the other while it runs. The store says which it is; this has the node of
 * that role answer, and lets requests wait while one takes the place of another. A role is made anew for each leader that is
 * followed, so it never has to forget anything.
 */
export class RoleKeeper implements Roles, Routes {
  readonly #parts: RoleParts;
  #current: NodeOfRole;
  #followed: string | null;
  readonly #turns = new Turns();
  /** Resolves when a change of roles is done; null while there is none. */
  #changing: Promise<void> | null = null;
  readonly #gate: WriteGate;
  readonly #stopping = new AbortController();
  #isStopped = false;
  /** A role cannot be taken on, and that is tried again: meanwhile nobody is kept waiting. */
  #isFailing = false;
  #unwatch: () => void = () => undefined;

  constructor(parts: RoleParts) {
    this.#parts = parts;
    this.#gate = new WriteGate(parts.clock);
    this.#followed = parts.leaderUrl;
    this.#current = this.#make(parts.leaderUrl === null ? NOBODY_KNOWN : null);
  }

  /** What it works as now. */
  get role(): Role {
    if (this.#current instanceof Follower) return 'follower';
    return this.#parts.store.facts.identity.role === 'mesh' ? 'mesh' : 'leader';
  }

  /** It goes from one role to another; whoever asks it something waits for that. */
  get isChanging(): boolean {
    return this.#changing !== null;
  }

  /** Before anybody is answered. */
  async ready(): Promise<void> {
    await this.#current.server.app.ready();
  }

  start(): void {
    const { store, membership } = this.#parts;
    if (this.#current instanceof Follower) this.#current.start();
    membership.start(this);
    this.#unwatch = store.watch((state) => {
      // A write may have come through after all that made it another role.
      if (state === 'ready') void this.#turns.take(() => this.#agree()).catch(() => undefined);
    });
  }

  /** Answers who waits; `drained` resolves when the last answer has been given. */
  async stop(drained?: () => Promise<void>): Promise<void> {
    this.#isStopped = true;
    this.#unwatch();
    this.#stopping.abort();
    this.#gate.letGo();
    await this.#parts.membership.stop();
    await this.#turns.take(() => this.#current.stop(drained));
  }

  routing(request: IncomingMessage, response: ServerResponse): void {
    if (this.#isFailing) return answerStarting(response);
    const writes = isWrite(request);
    const waitsFor = this.#changing ?? (writes ? this.#gate.held : null);
    if (waitsFor !== null) return void waitsFor.then(() => this.routing(request, response));
    if (writes) this.#gate.count(response);
    this.#current.server.routes.routing(request, response);
  }

  health(): Health {
    return this.#current.health();
  }

  /** Takes a write from within this process, where it leads. */
  commit(transaction: Transaction): Promise<Committed> {
    const waitsFor = this.#changing ?? this.#gate.held;
    return waitsFor === null ? this.#commitNow(transaction) : waitsFor.then(() => this.commit(transaction));
  }

  #commitNow(transaction: Transaction): Promise<Committed> {
    if (this.#current instanceof Leader) return this.#current.commit(transaction);
    return Promise.reject(
      new SkeinError('not_leader', 'this node does not lead; writes through its address are passed on'),
    );
  }

  following(): string | null {
    return this.#current instanceof Follower ? this.#followed : null;
  }

  unfit(): string | null {
    return this.#current.unfit();
  }

  newestKnown(): number {
    const { head } = this.#parts.store.facts;
    return this.#current instanceof Follower ? this.#current.newestKnown : head.offset;
  }

  async holdWrites(): Promise<void> {
    if (this.#current instanceof Leader) await this.#gate.hold();
  }

  letWritesGo(): void {
    this.#gate.letGo();
  }

  returned(url: string): void {
    if (this.#current instanceof Follower && url === this.#followed) this.#current.leaderReturned();
  }

  lead<T>(begin: () => Promise<T>): Promise<T> {
    return this.#change(begin, () => this.#current instanceof Follower, null);
  }

  async follow(url: string | null, why: string, isStill: () => boolean = () => true): Promise<void> {
    const { store } = this.#parts;
    let isDue = true;
    const step = async (): Promise<void> => {
      isDue = isStill();
      // What is corrupt takes no writes; it is copied anew, and the copy is a follower's.
      if (isDue && this.#isToLead && store.state !== 'corrupt') await store.leadership.follow();
    };
    await this.#change(step, () => isDue, url === null ? why : null, url);
  }

  /** Makes a step durable, and then works in the role that the store has, while requests wait. */
  #change<T>(
    step: () => Promise<T>,
    mustReplace: () => boolean,
    noLeaderReason: string | null,
    followed: string | null = null,
  ): Promise<T> {
    return this.#turns.take(async () => {
      if (this.#isStopped) throw new SkeinError('stopping');
      const { promise, resolve } = deferred();
      this.#changing = promise;
      try {
        const done = await step();
        if (!mustReplace()) return done;
        this.#followed = followed;
        await this.#replace(noLeaderReason);
        return done;
      } finally {
        this.#changing = null;
        resolve();
      }
    });
  }

  get #isToLead(): boolean {
    return takesWrites(this.#parts.store.facts.identity.role);
  }

  /** The role that the store has is the one that is worked in. */
  async #agree(): Promise<void> {
    if (this.#isStopped || this.#current instanceof Leader === this.#isToLead) return;
    const { promise, resolve } = deferred();
    this.#changing = promise;
    this.#followed = null;
    await this.#replace(NOBODY_KNOWN).finally(() => {
      this.#changing = null;
      resolve();
    });
  }

  /** The former one is stopped first: what it knows of its followers is stored by that. */
  async #replace(noLeaderReason: string | null): Promise<void> {
    await this.#current.stop();
    this.#current = await this.#made(noLeaderReason);
    // Whoever handed over may hear that there is a new epoch before it hears who leads with it.
    if (noLeaderReason === null) this.#gate.letGo();
    if (this.#current instanceof Follower) this.#current.start();
  }

  async #made(noLeaderReason: string | null): Promise<NodeOfRole> {
    for (;;) {
      const made = this.#make(noLeaderReason);
      try {
        await made.server.app.ready();
        this.#isFailing = false;
        return made;
      } catch (error) {
        this.#isFailing = true;
        await made.stop().catch(() => undefined);
        if (this.#isStopped) throw error;
        await this.#parts.clock.sleep(RETRY_MS, this.#stopping.signal).catch(() => undefined);
      }
    }
  }

  #make(noLeaderReason: string | null): NodeOfRole {
    const { makeLeader, makeFollower } = this.#parts;
    if (makeFollower === null) return makeLeader();
    const isLeader = this.#isToLead && this.#parts.store.state !== 'corrupt';
    return isLeader ? makeLeader() : makeFollower(this.#followed, noLeaderReason);
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

function answerStarting(response: ServerResponse): void {
  const problem = new SkeinError('starting', 'the node cannot take on its role yet', { retryAfterSeconds: 1 });
  response.writeHead(problem.status, { 'content-type': MEDIA_TYPES.problem, 'retry-after': '1' });
  response.end(problemBody(problem));
}
