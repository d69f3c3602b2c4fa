import { Store } from '@skein/core';
import { Follower } from '@skein/follower';
import { Leader } from '@skein/leader';
import { healthSchema, isSkeinError, type Health, type Role } from '@skein/protocol';
import type { SimDisk } from '../disk/sim-disk.ts';
import { SimLevel, type DiskStep } from '../disk/sim-level.ts';
import type { HistoryEvent } from '../history.ts';
import { documentsIn, newestOffsetIn, recordsIn } from './peek.ts';
import type { Rng } from './rng.ts';
import type { Scheduler } from './scheduler.ts';
import { SimClock } from './sim-clock.ts';
import { simLink } from './sim-link.ts';
import type { SimNet, SimRequest, SimResponse } from './sim-net.ts';

/** Where in its work a process can be told to die. */
export const CRASH_POINTS = [
  'batch:before',
  'batch:after',
  'sync:before',
  'sync:after',
  'read:before',
  'open:after',
  'answer',
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

export interface SimNodeOptions {
  readonly name: string;
  readonly role: Role;
  /** The node it follows. */
  readonly leader: string | undefined;
  readonly disk: SimDisk;
  readonly scheduler: Scheduler;
  readonly net: SimNet;
  readonly random: Rng;
  /** How long a sync takes at least and at most. */
  readonly syncMs: readonly [low: number, high: number];
  readonly pageSizeMax: number;
  readonly pollIntervalMs: number | null;
  readonly tell: (event: HistoryEvent) => void;
  readonly mark: (name: string) => void;
  readonly fail: (problem: string) => void;
}

/** A follower hears of its leader at least this often, or knows that it does not. */
const WAIT_SECONDS = 5;
const REQUEST_TIMEOUT_MS = 2000;
/** What a supervisor waits before it starts a process again. */
const RESTART_MS = 300;

/** What a follower may take to notice a silence: a parked question, its time limit, and one more message. */
export const SILENCE_MS_MAX = WAIT_SECONDS * 1000 + 2 * REQUEST_TIMEOUT_MS + 1000;

/** One process, from its start to its end. Whatever belongs to an ended one never moves again. */
interface Life {
  isAlive: boolean;
  level: SimLevel | undefined;
  store: Store | undefined;
  node: Leader | Follower | undefined;
}

type Ending = 'stopped' | 'crashed' | 'power-lost';

/** A machine with a disk, on which the real node runs, dies and is started again. */
export class SimNode {
  readonly name: string;
  readonly role: Role;
  /** The node it follows. */
  readonly leader: string | undefined;
  readonly #options: SimNodeOptions;
  #life: Life | undefined;
  #crashPoint: CrashPoint | undefined;
  #stalledUntilMs = 0;
  #wallSkewMs = 0;
  #isStartDue = false;
  #isInBatch = false;
  /** Its disk was changed behind its back. */
  isDamaged = false;
  /** Its data are given up: an operator would have to decide. */
  isCorrupt = false;
  lastContact: { readonly atMs: number; readonly head: number } | null = null;

  constructor(options: SimNodeOptions) {
    this.#options = options;
    this.name = options.name;
    this.role = options.role;
    this.leader = options.leader;
  }

  get isUp(): boolean {
    return this.#life?.node !== undefined;
  }

  get store(): Store | undefined {
    return this.#life?.store;
  }

  get disk(): SimDisk {
    return this.#options.disk;
  }

  /** The newest offset a power cut would leave on the disk now. */
  get durableOffset(): number {
    return newestOffsetIn(this.disk.durableContent(), this.store?.facts.head.offset ?? 0);
  }

  health(): Health | null {
    const node = this.#life?.node;
    return node === undefined ? null : healthSchema.parse(node.health());
  }

  start(): void {
    if (this.#life !== undefined || this.isCorrupt) return;
    this.#isStartDue = false;
    const life: Life = { isAlive: true, level: undefined, store: undefined, node: undefined };
    this.#life = life;
    void this.#boot(life).catch((error: unknown) => this.#failedToStart(life, error));
  }

  /** Lets the process die, at once. */
  crash(how: Exclude<Ending, 'stopped'> = 'crashed'): void {
    const life = this.#life;
    if (life === undefined) return;
    if (this.#isInBatch)
      this.#options.mark(how === 'crashed' ? 'crash with a batch in flight' : 'power cut with a batch in flight');
    this.#end(life, how);
    if (how === 'power-lost') this.disk.powerCut(this.#options.random);
    this.#startLater(RESTART_MS);
  }

  /** Dies when it next comes to a point of its work. */
  crashAt(point: CrashPoint): void {
    this.#crashPoint = point;
  }

  /** Stops as an operator stops it, and is started again. */
  restart(): void {
    const life = this.#life;
    if (life?.node === undefined) return;
    const { node, store } = life;
    void (async () => {
      await node.stop();
      await store!.close();
      if (!life.isAlive) return;
      this.#options.mark('a graceful restart');
      this.#end(life, 'stopped');
      this.#startLater(RESTART_MS);
    })();
  }

  /** The disk answers nothing for a while. */
  stall(forMs: number): void {
    this.#stalledUntilMs = this.#options.scheduler.nowMs + forMs;
  }

  setWall(skewMs: number): void {
    this.#wallSkewMs = skewMs;
  }

  /** The damage has been done; the checkers may expect it to be noticed, and no more. */
  damaged(): void {
    this.isDamaged = true;
    this.#options.tell({ kind: 'damaged', node: this.name });
  }

  async #boot(life: Life): Promise<void> {
    const { disk, role, net, random, tell, scheduler } = this.#options;
    const isAlive = (): boolean => life.isAlive;
    const clock = new SimClock(scheduler, this.name, isAlive, () => this.#wallSkewMs);
    life.level = new SimLevel(disk, { wait: (step) => this.#wait(life, step) });
    const randomness = (count: number): Buffer => random.bytes(count);
    const store = await Store.open({ level: life.level, role, node: this.name, clock, randomness });
    if (!life.isAlive) return;
    life.store = store;
    const { identity, head } = store.facts;
    tell({
      kind: 'started',
      node: this.name,
      role,
      log: identity.log,
      head,
      records: recordsIn(disk.content()),
    });
    this.#watch(life, store);
    const node = role === 'leader' ? this.#makeLeader(store, clock) : this.#makeFollower(store, clock, isAlive);
    await node.server.app.ready();
    if (!life.isAlive) return;
    life.node = node;
    net.serve(this.name, (request) => this.#serve(life, request));
    if (node instanceof Follower) node.start();
  }

  #makeLeader(store: Store, clock: SimClock): Leader {
    return new Leader({ store, clock, version: 'simulated' });
  }

  #makeFollower(store: Store, clock: SimClock, isAlive: () => boolean): Follower {
    const { leader, net, random, pageSizeMax, pollIntervalMs } = this.#options;
    return new Follower({
      store,
      clock,
      random: () => random.unit(),
      version: 'simulated',
      leaderUrl: `http://${leader}`,
      openLink: simLink(net, this.name, isAlive, (answer) => this.#heard(answer)),
      policy: {
        backoff: { baseMs: 200, maxMs: 5000 },
        breaker: { failuresMax: 5, openMs: 3000 },
        pollIntervalMs,
        waitSeconds: WAIT_SECONDS,
        pageSizeMax,
      },
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      forwardWrites: true,
      lagSecondsMax: 30,
    });
  }

  /** What the leader said last, as the follower's machine got it. */
  #heard({ status, headers }: SimResponse): void {
    const head = Number(headers['skein-head']);
    if (status === 200 && Number.isInteger(head)) this.lastContact = { atMs: this.#options.scheduler.nowMs, head };
  }

  #watch(life: Life, store: Store): void {
    store.subscribe(({ records, head }) => {
      if (!life.isAlive) return;
      const { tell, mark, scheduler, disk } = this.#options;
      if (records.length > 1) mark('a page of several records');
      if (this.role === 'leader' && records[0]!.offsetLast > records[0]!.offsetFirst)
        mark('a group of several changes');
      scheduler.note(`${this.name} ${head.offset} ${head.hash}`);
      tell({
        kind: 'published',
        node: this.name,
        role: this.role,
        log: store.facts.identity.log!,
        records,
        head,
        durable: this.durableOffset,
        documents: this.isDamaged ? null : documentsIn(disk.content()),
      });
    });
  }

  async #serve(life: Life, request: SimRequest): Promise<SimResponse> {
    const { app } = life.node!.server;
    const answer = await app.inject({
      method: request.method as 'GET',
      url: request.path,
      headers: request.headers,
      ...(request.body === undefined ? {} : { payload: request.body }),
    });
    if (this.#crashPoint === 'answer' && life.isAlive) this.#crashNow(life);
    if (!life.isAlive) return new Promise(() => undefined);
    const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, String(value)]));
    return { status: answer.statusCode, headers, body: answer.rawPayload };
  }

  /** Called around every step of the disk: here is where processes die and disks take their time. */
  #wait(life: Life, step: DiskStep): Promise<void> | undefined {
    if (!life.isAlive) return new Promise(() => undefined);
    if (step.kind === 'batch') this.#isInBatch = step.moment === 'before' || this.#isInBatch;
    if (step.kind === 'sync' && step.moment === 'after') this.#isInBatch = false;
    if (this.#crashPoint === `${step.kind}:${step.moment}`) {
      this.#crashNow(life);
      return new Promise(() => undefined);
    }
    const delayMs = this.#delayOf(step);
    if (delayMs === 0) return undefined;
    return new Promise((resolve) => {
      this.#options.scheduler.after(delayMs, this.name, `${step.kind} ${step.moment}`, () => {
        if (life.isAlive) resolve();
      });
    });
  }

  #delayOf({ kind, moment }: DiskStep): number {
    const { random, syncMs, scheduler } = this.#options;
    if (this.#stalledUntilMs > scheduler.nowMs) return this.#stalledUntilMs - scheduler.nowMs;
    if (kind === 'sync' && moment === 'before') return random.between(...syncMs);
    if (kind === 'sync' && random.chance(0.3)) return random.between(0.02, 1);
    if (kind === 'read' && moment === 'before' && random.chance(0.3)) return random.between(0.02, 0.5);
    return 0;
  }

  #crashNow(life: Life): void {
    if (life !== this.#life) return;
    this.#options.mark(`died at ${this.#crashPoint}`);
    this.#crashPoint = undefined;
    this.crash();
  }

  #end(life: Life, how: Ending): void {
    life.isAlive = false;
    this.#life = undefined;
    this.#isInBatch = false;
    this.#crashPoint = undefined;
    this.lastContact = null;
    life.level?.die();
    this.#options.net.leave(this.name, how === 'power-lost');
    this.#options.tell({ kind: 'ended', node: this.name, how });
  }

  #startLater(afterMs: number): void {
    if (this.#isStartDue) return;
    this.#isStartDue = true;
    this.#options.scheduler.after(afterMs, 'supervisor', `starts ${this.name}`, () => this.start());
  }

  #failedToStart(life: Life, error: unknown): void {
    if (!life.isAlive) return;
    this.#end(life, 'stopped');
    if (isSkeinError(error)) {
      this.#options.mark('damage was found when the store was opened');
      if (!this.isDamaged)
        this.#options.fail(`${this.name} refuses its data, which nothing had damaged: ${error.message}`);
      this.isCorrupt = true;
      return;
    }
    if (!isOfDisk(error)) this.#options.fail(`${this.name} does not start: ${String(error)}`);
    this.#options.mark('a start failed and was tried again');
    this.#startLater(2 * RESTART_MS);
  }
}

/** What a disk may say when it is asked to open; anything else is a fault of ours. */
function isOfDisk(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (code.startsWith('LEVEL_') || cause.message.startsWith('IO error')) return true;
  }
  return false;
}
