import { samePosition, type Position, type Role } from '@skein/protocol';
import { lastCounter } from '@skein/replication';
import { allCheckers } from '../checkers/index.ts';
import { SimShelf } from '../disk/sim-shelf.ts';
import { applyFault } from '../faults/apply-fault.ts';
import { drawFaults } from '../faults/draw-faults.ts';
import type { Fault } from '../faults/fault.ts';
import { Violation, type Checker, type HistoryEvent, type TimedEvent } from '../history.ts';
import { LeaderHeads } from '../leader-heads.ts';
import type { Cast, Part } from '../workload/cast.ts';
import { FeedReader } from '../workload/feed-reader.ts';
import { HealthWatcher } from '../workload/health-watcher.ts';
import { Operator } from '../workload/operator.ts';
import { Reader } from '../workload/reader.ts';
import { makeDefinition } from '../workload/make-definition.ts';
import { Writer } from '../workload/writer.ts';
import { documentsIn, indexesIn } from '../world/peek.ts';
import { Rng } from '../world/rng.ts';
import { Scheduler } from '../world/scheduler.ts';
import { SimBroker } from '../world/sim-broker.ts';
import { SimClock } from '../world/sim-clock.ts';
import { CALM, SimNet } from '../world/sim-net.ts';
import { SimNode } from '../world/sim-node.ts';
import { drawSet, drawShape, drawWallSkewMs, type Shape } from './shape.ts';

export interface SeedOptions {
  /** Instead of those the seed draws: what is left of them when a failure is being narrowed down. */
  readonly faults?: readonly Fault[] | undefined;
  /** So many clients less than the seed would have. */
  readonly writersLess?: number | undefined;
  /** Each world is a set of members, where else few are. */
  readonly onlySets?: boolean | undefined;
  readonly keepTranscript?: boolean | undefined;
}

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

/** So many of the worlds are sets. */
const SETS = 0.15;

/** In so many of them somebody defines now this and now that of a collection. */
const DEFINING = 0.25;

/** In so many of them there is a broker beside the feed. */
const BROKERS = 0.35;

/** Long enough for the longest backoff, the breaker, and everything that was missed meanwhile. */
const CONVERGE_MS = 40_000;
/** How often a world is looked at meanwhile, and for how long all must have been well. */
const LOOK_MS = 2000;
const REST_MS = 6000;
/** Writers go on for this long after the last fault: a cluster that only ever heals in silence has not healed. */
const LAST_WORDS_MS = 1500;

/** Makes the world of a seed, lets it happen, and answers what was seen. The same seed is the same world, always. */
export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  const run = new Run(seed, options);
  const onRejection = (reason: unknown): void => run.fail(`a promise was rejected and nobody cared: ${String(reason)}`);
  process.on('unhandledRejection', onRejection);
  try {
    return await run.toItsEnd();
  } finally {
    process.off('unhandledRejection', onRejection);
  }
}

class Run {
  readonly #seed: number;
  readonly #options: SeedOptions;
  readonly #shape: Shape;
  readonly #scheduler: Scheduler;
  readonly #net: SimNet;
  readonly #broker: SimBroker | null;
  readonly #nodes: readonly SimNode[];
  readonly #cast: Cast;
  readonly #operator: Operator;
  readonly #faults: readonly Fault[];
  readonly #checkers: readonly Checker[];
  readonly #marks = new Set<string>();
  readonly #transcript: TimedEvent[] = [];
  #violation: Violation | undefined;
  readonly #leaderHeads = new LeaderHeads();
  readonly #saidToBeLost = new Set<string>();
  /** Followers that the log did not lead on for, and that have not come back since. */
  readonly #cutOff = new Set<string>();
  readonly #damaged = new Set<string>();
  #isWritingOver = false;
  #isLastWriteDone = false;
  #isOver = false;
  #nextWrite = 1;

  constructor(seed: number, options: SeedOptions) {
    this.#seed = seed;
    this.#options = options;
    const shape = drawShape(Rng.named(seed, 'shape'));
    const ofSet = Rng.named(seed, 'set');
    this.#shape = ofSet.chance(options.onlySets === true ? 1 : SETS) ? drawSet(ofSet, shape) : shape;
    const { set, nodes } = this.#shape;
    this.#checkers = allCheckers(set !== null && 2 * set.minReplicas >= nodes.length);
    this.#scheduler = new Scheduler(seed);
    this.#net = new SimNet(this.#scheduler, Rng.named(seed, 'net'), (incident) =>
      this.#mark(`the network: ${incident}`),
    );
    const ofBroker = Rng.named(seed, 'broker');
    this.#broker = ofBroker.chance(BROKERS)
      ? new SimBroker(this.#scheduler, ofBroker, (mark) => this.#mark(mark))
      : null;
    this.#nodes = this.#shape.nodes.map(({ name, role, leader }) => this.#makeNode(name, role, leader));
    this.#cast = this.#makeCast();
    const acceptsLoss = this.#shape.set?.acceptsLoss === true;
    this.#operator = new Operator(
      this.#cast,
      this.#part('operator', () => this.#isOver),
      acceptsLoss,
    );
    this.#faults =
      options.faults ??
      drawFaults({
        random: Rng.named(seed, 'faults'),
        nodes: this.#nodes.map(({ name }) => name),
        isSet: this.#shape.set !== null,
        untilMs: this.#shape.faultsUntilMs,
      });
  }

  async toItsEnd(): Promise<SeedResult> {
    const { faultsUntilMs } = this.#shape;
    this.#startNodes();
    this.#startParts();
    this.#planFaults();
    await this.#runUntil(faultsUntilMs);
    this.#calmDown();
    await this.#runUntil(faultsUntilMs + LAST_WORDS_MS);
    this.#isWritingOver = true;
    await this.#comeToRest(faultsUntilMs + LAST_WORDS_MS);
    this.#settle();
    this.#isOver = true;
    return {
      seed: this.#seed,
      faults: this.#faults,
      events: this.#scheduler.events,
      trace: this.#scheduler.trace,
      marks: this.#marks,
      violation: this.#violation,
      transcript: this.#transcript,
    };
  }

  /** Until all is well and stays so for a while, or the time for that is up: what happens behind that is always the same. */
  async #comeToRest(fromMs: number): Promise<void> {
    let restMs = 0;
    for (let ms = LOOK_MS; ms <= CONVERGE_MS && restMs < REST_MS; ms += LOOK_MS) {
      await this.#runUntil(fromMs + ms);
      restMs = this.#isAtRest() ? restMs + LOOK_MS : 0;
    }
  }

  /** Whoever leads with the highest epoch; where nobody does, whoever was to. */
  get #leader(): SimNode {
    const leaders = this.#nodes.filter(({ role }) => role === 'leader');
    const counter = ({ store }: SimNode): number => (store === undefined ? 0 : lastCounter(store.facts));
    return leaders.toSorted((a, b) => counter(b) - counter(a))[0] ?? this.#nodes[0]!;
  }

  #isAtRest(): boolean {
    const leader = this.#leader;
    if (leader.isDamaged) return true;
    if (this.#shape.writers > 0 && !this.#isLastWriteDone) return false;
    return this.#nodes.every((node) => this.#isBeyondHelp(node) || isLike(node, leader));
  }

  fail(problem: string): void {
    this.#violation ??= new Violation('the world', problem);
  }

  async #runUntil(ms: number): Promise<void> {
    await this.#scheduler.run(ms, () => this.#violation === undefined);
  }

  #makeNode(name: string, role: Role, leader: string | undefined): SimNode {
    const {
      logBytesMax,
      syncMs,
      pageSizeMax,
      pollIntervalMs,
      retention,
      rate,
      compareEveryMs,
      scrubEveryMs,
      members,
      set,
    } = this.#shape;
    const node = new SimNode({
      name,
      role,
      leader,
      shelf: new SimShelf({ logBytesMax }),
      scheduler: this.#scheduler,
      net: this.#net,
      broker: this.#broker,
      random: Rng.named(this.#seed, name),
      syncMs,
      pageSizeMax,
      pollIntervalMs,
      retention,
      rate,
      compareEveryMs,
      scrubEveryMs,
      peers: set !== null || role === 'leader' ? members.filter((member) => member !== name) : [],
      minReplicas: set?.minReplicas ?? 0,
      tell: (event) => this.#tell(event),
      mark: (mark) => this.#mark(mark),
      isDamaged: (other) => this.#nodes.find((each) => each.name === other)!.isDamaged,
      fail: (problem) => this.fail(problem),
    });
    node.setWall(drawWallSkewMs(Rng.named(this.#seed, `wall clock of ${name}`)));
    return node;
  }

  #makeCast(): Cast {
    return {
      net: this.#net,
      nodes: this.#nodes,
      isSet: this.#shape.set !== null,
      members: this.#shape.members,
      replicasMin: this.#shape.set?.minReplicas ?? 0,
      leaderHeads: this.#leaderHeads,
      isCalm: () => this.#isWritingOver,
      tell: (event) => this.#tell(event),
      mark: (mark) => this.#mark(mark),
      fail: (problem) => this.fail(problem),
    };
  }

  #startParts(): void {
    const cast = this.#cast;
    const writers = Math.max(0, this.#shape.writers - (this.#options.writersLess ?? 0));
    for (let i = 1; i <= writers; i++) {
      const writer = new Writer(
        cast,
        this.#part(`writer-${i}`, () => this.#isWritingOver),
        () => this.#nextWrite++,
      );
      void writer.run();
      void new Reader(
        cast,
        this.#part(`reader-${i}`, () => this.#isWritingOver),
        (): Position | undefined => writer.position,
      ).run();
    }
    const definer = Rng.named(this.#seed, 'definer');
    if (definer.chance(DEFINING)) {
      const part = { ...this.#part('definer', () => this.#isWritingOver), random: definer };
      void new Writer(cast, part, () => this.#nextWrite++, makeDefinition).run();
    }
    for (let i = 1; i <= this.#shape.feedReaders; i++)
      void new FeedReader(
        cast,
        this.#part(`feed-${i}`, () => this.#isWritingOver),
      ).run();
    void new HealthWatcher(
      cast,
      this.#part('watcher', () => this.#isOver),
      this.#scheduler,
    ).run();
  }

  #startNodes(): void {
    const last = this.#nodes.at(-1)!;
    for (const node of this.#nodes) if (node !== last) node.start();
    const { lastFollowerAtMs, crashAfterJoinMs, faultsUntilMs, away } = this.#shape;
    if (away !== null)
      this.#scheduler.after(away.atMs, 'nature', `takes ${last.name} away`, () => last.goAway(away.forMs));
    this.#scheduler.after(lastFollowerAtMs, 'an operator', `starts ${last.name}`, () => last.start());
    const crashAtMs = lastFollowerAtMs + (crashAfterJoinMs ?? 0);
    if (lastFollowerAtMs === 0 || crashAfterJoinMs === null || crashAtMs > faultsUntilMs) return;
    const leader = this.#nodes.find(({ name }) => name === last.leader)!;
    this.#scheduler.after(crashAtMs, 'nature', `crashes ${leader.name}`, () => leader.crash());
  }

  #part(name: string, isOver: () => boolean): Part {
    const clock = new SimClock(this.#scheduler, name);
    return { name, clock, random: Rng.named(this.#seed, name), isOver };
  }

  #planFaults(): void {
    const random = Rng.named(this.#seed, 'victims');
    const victims = {
      scheduler: this.#scheduler,
      net: this.#net,
      random,
      operator: this.#operator,
      node: (name: string) => this.#nodes.find((node) => node.name === name)!,
      untilMs: this.#shape.faultsUntilMs,
    };
    for (const fault of this.#faults)
      this.#scheduler.after(fault.atMs, 'nature', fault.kind, () => {
        this.#mark(`fault: ${fault.kind}`);
        applyFault(fault, victims);
      });
  }

  /**
   * Nothing more is made to go wrong, everything that can run does, and somebody wants to write. What lies in wait, such as
   * an append that is to fail, may still strike, once.
   */
  #calmDown(): void {
    this.#net.weather = CALM;
    this.#net.mendAll();
    for (const node of this.#nodes) node.start();
    if (this.#shape.set !== null) void this.#operator.insist();
    if (this.#shape.writers === 0) return;
    const lastWriter = new Writer(
      this.#cast,
      this.#part('last-writer', () => false),
      () => this.#nextWrite++,
    );
    void lastWriter.insist().then(() => (this.#isLastWriteDone = true));
  }

  #settle(): void {
    const leader = this.#leader;
    if (this.#violation !== undefined || leader.isDamaged) return;
    if (this.#shape.writers > 0 && !this.#isLastWriteDone)
      return this.fail(
        `nothing is wrong any more, and the leader takes no writes: ${this.#nodes.map(standingOf).join('; ')}`,
      );
    this.#tell({
      kind: 'settled',
      nodes: this.#nodes.map((node) => ({
        node: node.name,
        role: node.role,
        isDamaged: this.#isBeyondHelp(node),
        isReady: node.isUp && node.store!.state === 'ready',
        head: node.store?.facts.head ?? { offset: 0, epoch: '', hash: '' },
        documents: node.isDamaged ? new Map() : documentsIn(node.disk.content()),
        indexes: node.isDamaged ? [] : indexesIn(node.disk.content()),
        health: node.health(),
      })),
    });
  }

  /** A leader whose disk was damaged needs an operator, and whoever follows what is damaged cannot be better. */
  #isBeyondHelp(node: SimNode): boolean {
    const leader = this.#nodes.find(({ name }) => name === node.leader);
    return node.isDamaged || (leader !== undefined && this.#isBeyondHelp(leader));
  }

  #noteLost(name: string, follower: string): void {
    this.#mark('a follower was said to be lost');
    this.#saidToBeLost.add(follower);
    if (this.#shape.set === null && this.#isPatient && this.#isOwedTheLog(follower, name))
      this.fail(`${name} gave up ${follower}, which it had answered and may not give up so soon`);
  }

  /** Only one that was said to be lost before; where followers may be silent, that alone was wrong already. */
  #noteCutOff(follower: string, reason: string): void {
    // In a set it follows now one and now another, which did not know of it.
    if (this.#shape.set !== null) return;
    const { leader } = this.#nodes.find((each) => each.name === follower)!;
    const isOfTheLog = leader === this.#nodes[0]!.name && !this.#damaged.has(follower);
    const isCutOffAgain = this.#cutOff.has(follower);
    this.#cutOff.add(follower);
    if (!reason.startsWith('compacted') || isCutOffAgain || !isOfTheLog || !this.#isOwedTheLog(follower, leader))
      return;
    if (this.#isPatient || !this.#saidToBeLost.has(follower))
      this.fail(`${leader} had answered ${follower}, and did not keep the log for it`);
  }

  /** Whether a follower may be silent for an hour and still find its log. */
  get #isPatient(): boolean {
    return this.#shape.retention.silenceMsMax >= 3_600_000;
  }

  /** The log is kept for one that has been answered, or it is said that it is not; unless a disk failed. */
  #isOwedTheLog(follower: string, name: string): boolean {
    const node = this.#nodes.find((each) => each.name === name)!;
    const wasAnswered = this.#nodes.find((each) => each.name === follower)?.wasAnswered === true;
    const hasFailed = this.#faults.some(
      (fault) => fault.kind.startsWith('fail-') && 'node' in fault && fault.node === name,
    );
    return wasAnswered && !node.isDamaged && !hasFailed;
  }

  /** Where nothing was damaged nothing differs, however much moves. */
  #noteDrift(name: string, examples: readonly string[]): void {
    this.#mark('drift was found');
    if (this.#damaged.size === 0)
      this.fail(`${name} says that ${examples.join(', ')} differ, and nothing had damaged them`);
  }

  #tell(event: HistoryEvent): void {
    if (this.#violation !== undefined) return;
    if (event.kind === 'damaged') this.#damaged.add(event.node);
    if (event.kind === 'drift-found') this.#noteDrift(event.node, event.examples);
    if (event.kind === 'published' || event.kind === 'renewed') this.#cutOff.delete(event.node);
    if (event.kind === 'slot-lost') this.#noteLost(event.node, event.follower);
    if (event.kind === 'cut-off') this.#noteCutOff(event.node, event.reason);
    if (event.kind === 'started' && (event.records[0]?.offsetFirst ?? 1) > 1) this.#mark('a start on a trimmed log');
    const timed: TimedEvent = { ...event, ms: this.#scheduler.nowMs };
    this.#leaderHeads.observe(timed);
    if (this.#options.keepTranscript === true) this.#transcript.push(timed);
    try {
      for (const checker of this.#checkers) checker.observe(timed);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.#violation = error;
    }
  }

  #mark(mark: string): void {
    this.#marks.add(mark);
  }
}

function standingOf(node: SimNode): string {
  const { head, history, promised } = node.store?.facts ?? {};
  const epochs = history?.map(({ epoch }) => epoch).join(' ');
  const promise = JSON.stringify(promised);
  const error = node.health()?.error ?? 'nothing';
  return `${node.name} (${node.role}) at ${head?.offset} of ${epochs}, promised ${promise}, says ${error}`;
}

function isLike(node: SimNode, leader: SimNode): boolean {
  const head = leader.store?.facts.head;
  const own = node.store?.facts.head;
  return head !== undefined && own !== undefined && samePosition(own, head) && node.health()?.healthy === true;
}
