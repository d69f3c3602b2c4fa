import { Violation, type Checker, type HistoryEvent, type TimedEvent } from '../history.ts';
import { applyFault, type Victims } from '../faults/apply-fault.ts';
import type { Fault } from '../faults/fault.ts';
import type { Part } from '../workload/cast.ts';
import { Rng } from '../world/rng.ts';
import { Scheduler } from '../world/scheduler.ts';
import { SimBroker } from '../world/sim-broker.ts';
import { SimClock } from '../world/sim-clock.ts';
import { SimNet } from '../world/sim-net.ts';

export interface SeedResult {
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly events: number;
  /** Equal for two runs that were the same. */
  readonly trace: string;
  readonly marks: ReadonlySet<string>;
  readonly violation: Violation | undefined;
  readonly transcript: readonly TimedEvent[];
}

export interface WorldParts {
  readonly seed: number;
  readonly checkers: readonly Checker[];
  readonly keepTranscript: boolean;
  /** Told of everything before the checkers are. */
  readonly onEvent: (event: TimedEvent) => void;
}

/** Writers go on for this long after the last fault: a world that only ever heals in silence has not healed. */
export const LAST_WORDS_MS = 700;

/** Long enough for the longest backoff, the breaker, and everything that was missed meanwhile. */
const CONVERGE_MS = 40_000;
/** How often a world is looked at meanwhile, and for how long all must have been well. */
const LOOK_MS = 2000;
const REST_MS = 6000;

/** What every world has, whatever nodes are in it: time, a network, dice, and those who are told what happens. */
export class World {
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly net: SimNet;
  readonly #parts: WorldParts;
  readonly #marks = new Set<string>();
  readonly #transcript: TimedEvent[] = [];
  #violation: Violation | undefined;

  constructor(parts: WorldParts) {
    const { seed } = parts;
    this.seed = seed;
    this.#parts = parts;
    this.scheduler = new Scheduler(seed);
    this.net = new SimNet(this.scheduler, this.random('net'), (incident) => this.mark(`the network: ${incident}`));
  }

  get hasFailed(): boolean {
    return this.#violation !== undefined;
  }

  random(name: string): Rng {
    return Rng.named(this.seed, name);
  }

  /** A broker, in so many of the worlds. */
  broker(share: number, ofMesh: boolean): SimBroker | null {
    const random = this.random('broker');
    return random.chance(share) ? new SimBroker(this.scheduler, random, (mark) => this.mark(mark), ofMesh) : null;
  }

  part(name: string, isOver: () => boolean): Part {
    return { name, clock: new SimClock(this.scheduler, name), random: this.random(name), isOver };
  }

  planFaults(faults: readonly Fault[], victims: Omit<Victims, 'scheduler' | 'net' | 'random'>): void {
    const all = { ...victims, scheduler: this.scheduler, net: this.net, random: this.random('victims') };
    for (const fault of faults)
      this.scheduler.after(fault.atMs, 'nature', fault.kind, () => {
        this.mark(`fault: ${fault.kind}`);
        applyFault(fault, all);
      });
  }

  async runUntil(ms: number): Promise<void> {
    await this.scheduler.run(ms, () => !this.hasFailed);
  }

  /** Until all is well and stays so for a while, or the time for that is up: what happens behind that is always the same. */
  async comeToRest(fromMs: number, isAtRest: () => boolean): Promise<void> {
    let restMs = 0;
    for (let ms = LOOK_MS; ms <= CONVERGE_MS && restMs < REST_MS; ms += LOOK_MS) {
      await this.runUntil(fromMs + ms);
      restMs = isAtRest() ? restMs + LOOK_MS : 0;
    }
  }

  tell(event: HistoryEvent): void {
    if (this.hasFailed) return;
    const timed: TimedEvent = { ...event, ms: this.scheduler.nowMs };
    this.#parts.onEvent(timed);
    if (this.#parts.keepTranscript) this.#transcript.push(timed);
    try {
      for (const checker of this.#parts.checkers) checker.observe(timed);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.#violation ??= error;
    }
  }

  mark(mark: string): void {
    this.#marks.add(mark);
  }

  fail(problem: string): void {
    this.#violation ??= new Violation('the world', problem);
  }

  result(faults: readonly Fault[]): SeedResult {
    return {
      seed: this.seed,
      faults,
      events: this.scheduler.events,
      trace: this.scheduler.trace,
      marks: this.#marks,
      violation: this.#violation,
      transcript: this.#transcript,
    };
  }
}
