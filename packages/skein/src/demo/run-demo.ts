import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from '../cli/command-error.ts';
import { DemoNode, type NodeSeen } from './demo-node.ts';
import { DEMO_COLLECTION, DemoWriter } from './demo-writer.ts';
import { LagMeter } from './lag-meter.ts';
import { actsBetween, roundSeconds } from './schedule.ts';
import { eventText, numberText, type NodeShown, type Shown } from './screen.ts';

export interface DemoOptions {
  /** When it ends by itself; null when it does not. */
  readonly seconds: number | null;
  readonly writesPerSecond: number;
  readonly until: AbortSignal;
  readonly isColoured: boolean;
  readonly show: (shown: Shown) => void;
  readonly tell: (event: string) => void;
}

/** What there was at the end; null when it was ended before. */
export interface DemoEnd {
  readonly writes: number;
  readonly failures: number;
  readonly position: string;
}

export function endText({ writes, failures, position }: DemoEnd): string {
  const failed = failures === 0 ? '' : `, ${numberText(failures)} failed`;
  return `${numberText(writes)} writes${failed}; all three nodes have the same at ${position}`;
}

const LOOK_EVERY_MS = 200;
const START_MS_MAX = 20_000;
const CATCH_UP_MS_MAX = 30_000;

/** A leader, two followers and a writer, one of the followers killed and brought back; everything is gone behind it. */
export async function runDemo(options: DemoOptions): Promise<DemoEnd | null> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-demo-'));
  const demo = new Demo(directory, options);
  const atExit = (): void => demo.discard();
  process.once('exit', atExit);
  try {
    return await demo.run();
  } finally {
    await demo.stop();
    demo.discard();
    process.off('exit', atExit);
  }
}

class Demo {
  readonly #directory: string;
  readonly #options: DemoOptions;
  readonly #leader: DemoNode;
  readonly #spared: DemoNode;
  readonly #victim: DemoNode;
  readonly #over = new AbortController();
  readonly #events: string[] = [];
  /** What each node said last. */
  readonly #seen = new Map<DemoNode, NodeSeen>();
  readonly #meters = new Map<DemoNode, LagMeter>();
  #startedAt = performance.now();
  #writer: DemoWriter | null = null;
  #running: Promise<unknown> = Promise.resolve();
  /** Where the victim was when it was started again, and when; null while it is as the other one. */
  #cameBack: { readonly at: number; readonly missing: number } | null = null;

  constructor(directory: string, options: DemoOptions) {
    this.#directory = directory;
    this.#options = options;
    const following = (): readonly string[] => ['--leader', this.#leader.url, '--backoff-base', '250ms'];
    this.#leader = new DemoNode('leader', 'leader', directory);
    this.#spared = new DemoNode('follower-1', 'follower', directory, { flags: following });
    this.#victim = new DemoNode('follower-2', 'follower', directory, { flags: following });
  }

  async run(): Promise<DemoEnd | null> {
    const { until, seconds, writesPerSecond } = this.#options;
    await this.#begin(this.#leader);
    await Promise.all([this.#begin(this.#spared), this.#begin(this.#victim)]);
    this.#startedAt = performance.now();
    const writer = new DemoWriter(this.#leader.url, writesPerSecond);
    this.#writer = writer;
    const over = AbortSignal.any([until, this.#over.signal]);
    const meters = [this.#spared, this.#victim].map((node) => this.#meterOf(node, writer).run(over));
    const writing = writer.run(over);
    this.#running = Promise.all([...meters, writing]);
    let before = 0;
    for (let now = 0; !until.aborted && now < (seconds ?? Infinity); before = now) {
      await sleep(LOOK_EVERY_MS, undefined, { signal: until }).catch(() => undefined);
      now = this.#seconds();
      for (const act of actsBetween(before, now, roundSeconds(seconds))) await this.#act(act);
      await this.#look();
    }
    if (until.aborted) return null;
    return this.#end(writing);
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#running;
    // What they have goes with them, so there is nothing to be closed.
    await Promise.all(this.#nodes().map((node) => node.kill()));
  }

  /** Nothing of it stays, however it ended. */
  discard(): void {
    for (const node of this.#nodes()) void node.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #nodes(): readonly DemoNode[] {
    return [this.#leader, this.#spared, this.#victim];
  }

  async #begin(node: DemoNode): Promise<void> {
    await node.start();
    const deadline = performance.now() + START_MS_MAX;
    while ((await node.look()) === null) {
      this.#options.until.throwIfAborted();
      if (!node.isRunning || performance.now() > deadline)
        throw new CommandError('failed', `${node.name} did not start: ${node.lastWords()}`);
      await sleep(50);
    }
  }

  #meterOf(node: DemoNode, writer: DemoWriter): LagMeter {
    const meter = new LagMeter(
      () => (node.isRunning ? node.url : null),
      (offset) => writer.ackedAtMs(offset),
    );
    this.#meters.set(node, meter);
    return meter;
  }

  async #act(act: 'kill' | 'start'): Promise<void> {
    const victim = this.#victim;
    if (act === 'kill') {
      const { pid } = victim;
      await victim.kill();
      this.#tell(`${victim.name} is killed (kill -9 ${pid}) with ${numberText(this.#appliedOf(victim))} changes`);
    } else {
      const missing = this.#head() - this.#appliedOf(victim);
      await victim.start();
      this.#cameBack = { at: this.#seconds(), missing };
      this.#tell(`${victim.name} is started again, ${numberText(missing)} changes behind`);
    }
  }

  async #look(): Promise<void> {
    const nodes = this.#nodes();
    const found = await Promise.all(nodes.map((node) => node.look()));
    for (const [i, seen] of found.entries()) if (seen !== null) this.#seen.set(nodes[i]!, seen);
    const back = this.#cameBack;
    if (back !== null && found[2] !== null && this.#appliedOf(this.#victim) >= this.#head() - 1) {
      const seconds = (this.#seconds() - back.at).toFixed(1);
      this.#cameBack = null;
      this.#tell(`${this.#victim.name} has caught up, ${seconds} s after it was started`);
    }
    this.#options.show(this.#shown(nodes.map((node, i) => this.#shownOf(node, found[i] ?? null))));
  }

  #shown(nodes: readonly NodeShown[]): Shown {
    const seconds = this.#seconds();
    return {
      seconds,
      writesPerSecond: Math.round((this.#writer?.count ?? 0) / seconds),
      nodes,
      events: this.#events,
      hints: [
        `curl ${this.#spared.url}/v1/collections/${DEMO_COLLECTION}/k-1`,
        `curl '${this.#leader.url}/v1/changes?since=now&wait=25'`,
      ],
      isColoured: this.#options.isColoured,
    };
  }

  #shownOf(node: DemoNode, seen: NodeSeen | null): NodeShown {
    const silent = node.isRunning ? 'starting' : 'killed';
    const applied = this.#appliedOf(node);
    return {
      name: node.name,
      state: seen?.phase ?? silent,
      isWell: seen !== null,
      head: this.#head(),
      applied,
      isLeader: node === this.#leader,
      lagMs: this.#meters.get(node)?.lagMs(performance.now()) ?? null,
    };
  }

  /** Nobody writes any more: in the end all of them have the same, which equal positions say. */
  async #end(writing: Promise<void>): Promise<DemoEnd> {
    this.#over.abort();
    await writing;
    const deadline = performance.now() + CATCH_UP_MS_MAX;
    for (;;) {
      const found = await Promise.all(this.#nodes().map((node) => node.look()));
      const positions = new Set(found.map((seen) => seen?.position ?? 'unknown'));
      const [position] = positions;
      const { count: writes, failures } = this.#writer!;
      if (positions.size === 1 && position !== 'unknown') return { writes, failures, position: position! };
      if (performance.now() > deadline)
        throw new CommandError('failed', `the nodes did not come to one position: ${[...positions].join(', ')}`);
      await sleep(50);
    }
  }

  #head(): number {
    return this.#seen.get(this.#leader)?.offset ?? 0;
  }

  #appliedOf(node: DemoNode): number {
    return this.#seen.get(node)?.offset ?? 0;
  }

  #seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  #tell(sentence: string): void {
    const event = eventText(this.#seconds(), sentence);
    this.#events.push(event);
    this.#options.tell(event);
  }
}
