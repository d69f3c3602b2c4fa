import type { Store } from '@skein/core';
import { isSkeinError, START, type Health, type Position, type Role } from '@skein/protocol';
import type { SimDisk } from '../disk/sim-disk.ts';
import { SimLevel, type DiskStep } from '../disk/sim-level.ts';
import { newestOffsetIn } from './peek.ts';
import { SimProcess, type Machine, type NodeSetup, type Surroundings } from './sim-process.ts';

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

export interface SimNodeOptions extends NodeSetup, Surroundings {
  /** How long a sync takes at least and at most. */
  readonly syncMs: readonly [low: number, high: number];
  readonly fail: (problem: string) => void;
}

/** What a supervisor waits before it starts a process again. */
const RESTART_MS = 300;

type Ending = 'stopped' | 'crashed' | 'power-lost';

/** A machine with a disk, on which a process runs, dies and is started again. */
export class SimNode {
  readonly name: string;
  /** The node it follows at first. */
  readonly leader: string | undefined;
  readonly #options: SimNodeOptions;
  #process: SimProcess | undefined;
  #crashPoint: CrashPoint | undefined;
  #stalledUntilMs = 0;
  #wallSkewMs = 0;
  #isStartDue = false;
  #isInBatch = false;
  #wasAnswered = false;
  #lateMsMax = 0;
  /** What it has is being replaced: nobody starts it. */
  #isBeingRestored = false;
  /** Its data are given up: an operator would have to decide. */
  #isGivenUp = false;
  #lastRole: Role;
  #renewals = 0;
  /** Its disk was changed behind its back. */
  isDamaged = false;

  constructor(options: SimNodeOptions) {
    this.#options = options;
    this.name = options.name;
    this.#lastRole = options.role;
    this.leader = options.leader;
  }

  /** The database it serves, as it lies on the disk. */
  get disk(): SimDisk {
    return this.#options.shelf.served;
  }

  /** The one that is being written to. */
  get busyDisk(): SimDisk {
    return this.#options.shelf.busy;
  }

  /** What it works as; while it does not, what its database says, or it was set up as. */
  get role(): Role {
    return this.#process?.role ?? this.store?.facts.identity.role ?? this.#lastRole;
  }

  get isUp(): boolean {
    return this.#process?.isUp === true;
  }

  get store(): Store | undefined {
    return this.#process?.store;
  }

  /** How often it has gone over to another content, in all its lives. */
  get renewals(): number {
    return this.#renewals;
  }

  get lastContact(): SimProcess['lastContact'] {
    return this.#process?.lastContact ?? null;
  }

  /** It has been answered by the feed of its leader, in any of its lives. */
  get wasAnswered(): boolean {
    return this.#wasAnswered || this.#process?.wasAnswered === true;
  }

  /** How long an answer of the node it follows has been under way at most, in any of its lives. */
  get lateMsMax(): number {
    return this.#lateMsMax;
  }

  /** The newest offset a power cut would leave on the disk now. */
  get durableOffset(): number {
    return newestOffsetIn(this.disk.durableContent(), this.store?.facts.head.offset ?? 0);
  }

  health(): Health | null {
    return this.#process?.health() ?? null;
  }

  start(): void {
    if (this.#process !== undefined || this.#isGivenUp || this.#isBeingRestored) return;
    this.#isStartDue = false;
    const process: SimProcess = new SimProcess(
      this.#options,
      this.#options,
      this.#machineFor(() => process),
    );
    this.#process = process;
    void process.boot().catch((error: unknown) => this.#failedToStart(process, error));
  }

  /** Lets the process die, at once. */
  crash(how: Exclude<Ending, 'stopped'> = 'crashed'): void {
    if (this.#process === undefined) return;
    if (this.#isInBatch)
      this.#options.mark(how === 'crashed' ? 'crash with a batch in flight' : 'power cut with a batch in flight');
    this.#end(how);
    if (how === 'power-lost') this.#options.shelf.powerCut(this.#options.random);
    this.#startLater(RESTART_MS);
  }

  /** Dies, and is not started again for a long time. */
  goAway(forMs: number): void {
    if (this.#process !== undefined) this.#end('crashed');
    this.#isStartDue = false;
    this.#startLater(forMs);
  }

  /** Dies when it next comes to a point of its work. */
  crashAt(point: CrashPoint): void {
    this.#crashPoint = point;
  }

  /** Stops as an operator stops it, and is started again. */
  restart(): void {
    const process = this.#process;
    if (process?.isUp !== true) return;
    void process.stop().then(() => {
      if (process !== this.#process) return;
      this.#options.mark('a graceful restart');
      this.#end('stopped');
      this.#startLater(RESTART_MS);
    });
  }

  /** The disk answers nothing for a while. */
  stall(forMs: number): void {
    this.#stalledUntilMs = this.#options.scheduler.nowMs + forMs;
  }

  /** All that it has is gone, and it is started with what somebody puts there instead. */
  async restore(fill: (level: SimLevel) => Promise<Position>, askedAtMs: number): Promise<void> {
    if (this.#process !== undefined) this.#end('power-lost');
    this.#isBeingRestored = true;
    const { shelf, tell } = this.#options;
    shelf.replace();
    this.#isGivenUp = false;
    this.isDamaged = false;
    this.#renewals++;
    const nothing = { head: START, durable: 0, tail: 1, documents: new Map(), rescued: new Set<string>() };
    tell({ kind: 'renewed', node: this.name, log: null, ...nothing });
    const position = await fill(new SimLevel(this.disk));
    tell({ kind: 'restored', node: this.name, position, askedAtMs });
    this.#isBeingRestored = false;
    this.start();
  }

  /** By how much its wall clock is ahead of the world's. */
  get wallSkewMs(): number {
    return this.#wallSkewMs;
  }

  setWall(skewMs: number): void {
    this.#wallSkewMs = skewMs;
    this.#options.tell({ kind: 'clock-set', node: this.name, skewMs });
  }

  /** The damage has been done; the checkers may expect it to be noticed, and no more. */
  damaged(): void {
    this.isDamaged = true;
    this.#options.tell({ kind: 'damaged', node: this.name });
  }

  #machineFor(process: () => SimProcess): Machine {
    return {
      wallSkewMs: () => this.#wallSkewMs,
      isDamaged: () => this.isDamaged,
      renewed: () => {
        this.isDamaged = false;
        this.#renewals++;
      },
      damaged: () => this.damaged(),
      wait: (step) => this.#wait(process(), step),
      answered: (lateMs) => (this.#lateMsMax = Math.max(this.#lateMsMax, lateMs)),
      beforeAnswer: () => {
        if (this.#crashPoint === 'answer') this.#crashNow();
      },
    };
  }

  /** Called around every step of the disk: here is where processes die and disks take their time. */
  #wait(process: SimProcess, step: DiskStep): Promise<void> | undefined {
    if (!process.isAlive) return new Promise(() => undefined);
    if (step.kind === 'batch') this.#isInBatch = step.moment === 'before' || this.#isInBatch;
    if (step.kind === 'sync' && step.moment === 'after') this.#isInBatch = false;
    if (this.#crashPoint === `${step.kind}:${step.moment}`) {
      this.#crashNow();
      return new Promise(() => undefined);
    }
    const delayMs = this.#delayOf(step);
    if (delayMs === 0) return undefined;
    return new Promise((resolve) => {
      this.#options.scheduler.after(delayMs, this.name, `${step.kind} ${step.moment}`, () => {
        if (process.isAlive) resolve();
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

  #crashNow(): void {
    this.#options.mark(`died at ${this.#crashPoint}`);
    this.crash();
  }

  #end(how: Ending): void {
    this.#wasAnswered = this.wasAnswered;
    this.#lastRole = this.role;
    this.#process!.die();
    this.#process = undefined;
    this.#isInBatch = false;
    this.#crashPoint = undefined;
    this.#options.net.leave(this.name, how === 'power-lost');
    this.#options.tell({ kind: 'ended', node: this.name, how });
  }

  #startLater(afterMs: number): void {
    if (this.#isStartDue) return;
    this.#isStartDue = true;
    this.#options.scheduler.after(afterMs, 'supervisor', `starts ${this.name}`, () => this.start());
  }

  #failedToStart(process: SimProcess, error: unknown): void {
    if (process !== this.#process) return;
    this.#end('stopped');
    // A write failed while it started: an index that it goes on to build, a slot. It is well, and tries again.
    const isPassing = isSkeinError(error) && PASSING.has(error.code);
    if (isSkeinError(error) && !isPassing) {
      this.#options.mark('damage was found when the store was opened');
      if (!this.isDamaged)
        this.#options.fail(`${this.name} refuses its data, which nothing had damaged: ${error.message}`);
      this.#isGivenUp = true;
      return;
    }
    if (!isPassing && !isOfDisk(error)) this.#options.fail(`${this.name} does not start: ${String(error)}`);
    this.#options.mark('a start failed and was tried again');
    this.#startLater(2 * RESTART_MS);
  }
}

const PASSING: ReadonlySet<string> = new Set(['starting', 'outcome_unknown']);

/** What a disk may say when it is asked to open; anything else is a fault of ours. */
function isOfDisk(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (code.startsWith('LEVEL_') || cause.message.startsWith('IO error')) return true;
  }
  return false;
}
