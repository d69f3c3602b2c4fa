import { Rng } from './rng.ts';
import { Turns } from './turns.ts';

/** Something that will happen to somebody at a virtual moment. */
interface Task {
  atMs: number;
  readonly tie: number;
  readonly order: number;
  readonly actor: string;
  readonly what: string;
  readonly act: () => void;
  isCancelled: boolean;
}

const DAZED_MS = 100;

/** Takes a planned task back. */
export type Cancel = () => void;

/**
 * The only source of time and order in a world. What happens next is what is planned for the earliest moment, and among
 * tasks of one moment the seed decides. Nothing in a world waits for real time, so a seed is a run.
 */
export class Scheduler {
  readonly #tasks: Task[] = [];
  readonly #random: Rng;
  readonly #held = new Map<string, number>();
  readonly #trace = new TraceHash();
  readonly #turns = new Turns();
  #nowMs = 0;
  #order = 0;
  #events = 0;

  constructor(seed: number) {
    this.#random = Rng.named(seed, 'ties');
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many tasks have been done. */
  get events(): number {
    return this.#events;
  }

  /** The same for two runs that did the same things at the same moments in the same order. */
  get trace(): string {
    return this.#trace.text();
  }

  /** Adds something to the trace that is not a task: an answer, a commit. */
  note(text: string): void {
    this.#trace.add(text);
  }

  after(delayMs: number, actor: string, what: string, act: () => void): Cancel {
    const atMs = this.#nowMs + Math.max(0, delayMs);
    const task: Task = {
      atMs,
      tie: this.#random.bits(),
      order: this.#order++,
      actor,
      what,
      act,
      isCancelled: false,
    };
    this.#push(task);
    return () => {
      task.isCancelled = true;
    };
  }

  /** Nothing happens to this actor until a moment: its process is stopped, and goes on as if nothing had been. */
  hold(actor: string, untilMs: number): void {
    this.#held.set(actor, Math.max(untilMs, this.#held.get(actor) ?? 0));
  }

  /** Whether an actor is held, or was so shortly ago that it may not have seen yet how late it is. */
  isDazed(actor: string): boolean {
    return (this.#held.get(actor) ?? -Infinity) + DAZED_MS > this.#nowMs;
  }

  /** Does what is planned, in order, until the moment, or until there is nothing more or no reason to go on. */
  async run(untilMs: number, goOn: () => boolean): Promise<void> {
    await this.#turns.rest();
    for (let task = this.#tasks[0]; task !== undefined && task.atMs <= untilMs; task = this.#tasks[0]) {
      this.#pop();
      if (task.isCancelled) continue;
      this.#nowMs = task.atMs;
      const heldUntil = this.#held.get(task.actor) ?? 0;
      if (heldUntil > this.#nowMs) {
        task.atMs = heldUntil;
        this.#push(task);
        continue;
      }
      this.#events++;
      this.#trace.add(`${task.atMs.toFixed(3)} ${task.actor} ${task.what}`);
      task.act();
      await this.#turns.rest();
      if (!goOn()) return;
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #push(task: Task): void {
    const tasks = this.#tasks;
    let at = tasks.push(task) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(tasks[parent]!, tasks[at]!)) break;
      [tasks[parent], tasks[at]] = [tasks[at]!, tasks[parent]!];
      at = parent;
    }
  }

  #pop(): void {
    const tasks = this.#tasks;
    const last = tasks.pop()!;
    if (tasks.length === 0) return;
    tasks[0] = last;
    for (let at = 0; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2])
        if (child < tasks.length && isBefore(tasks[child]!, tasks[least]!)) least = child;
      if (least === at) return;
      [tasks[least], tasks[at]] = [tasks[at]!, tasks[least]!];
      at = least;
    }
  }
}

function isBefore(a: Task, b: Task): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  return a.tie === b.tie ? a.order < b.order : a.tie < b.tie;
}

/** FNV-1a over all that is added, in two halves of 32 bits. */
class TraceHash {
  #low = 0x811c9dc5;
  #high = 0x01234567;

  add(text: string): void {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      this.#low = Math.imul(this.#low ^ code, 0x01000193);
      this.#high = Math.imul(this.#high ^ (code + i), 0x01000193);
    }
  }

  text(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
