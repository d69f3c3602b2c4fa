import { samePosition, type Position, type Role } from '@skein/protocol';
import { lastCounter } from '@skein/replication';
import { allCheckers } from '../checkers/index.ts';
import { SimShelf } from '../disk/sim-shelf.ts';
import { drawFaults } from '../faults/draw-faults.ts';
import type { Fault } from '../faults/fault.ts';
import type { TimedEvent } from '../history.ts';
import { LeaderHeads } from '../leader-heads.ts';
import type { Cast } from '../workload/cast.ts';
import { FeedReader } from '../workload/feed-reader.ts';
import { HealthWatcher } from '../workload/health-watcher.ts';
import { Operator } from '../workload/operator.ts';
import { Reader } from '../workload/reader.ts';
import { makeDefinition } from '../workload/make-definition.ts';
import { Writer } from '../workload/writer.ts';
import { documentsIn, indexesIn } from '../world/peek.ts';
import { Rng } from '../world/rng.ts';
import type { SimBroker } from '../world/sim-broker.ts';
import { CALM } from '../world/sim-net.ts';
import { SimNode } from '../world/sim-node.ts';
import type { SeedOptions, WorldRun } from './seed-options.ts';
import { drawSet, drawShape, drawWallSkewMs, type Shape } from './shape.ts';
import { LAST_WORDS_MS, World, type SeedResult } from './world.ts';

/** So many of the worlds are sets. */
const SETS = 0.15;

/** In so many of them somebody defines now this and now that of a collection. */
const DEFINING = 0.25;

/** In so many of them there is a broker beside the feed. */
const BROKERS = 0.35;

/** A world with one leader, or with a set of members which lead by turns. */
export class LeaderRun implements WorldRun {
  readonly #world: World;
  readonly #options: SeedOptions;
  readonly #shape: Shape;
  readonly #broker: SimBroker | null;
  readonly #nodes: readonly SimNode[];
  readonly #cast: Cast;
  readonly #operator: Operator;
  readonly #faults: readonly Fault[];
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
    this.#options = options;
    const shape = drawShape(Rng.named(seed, 'shape'));
    const ofSet = Rng.named(seed, 'set');
    this.#shape = ofSet.chance(options.only === 'sets' ? 1 : SETS) ? drawSet(ofSet, shape) : shape;
    const { set, nodes } = this.#shape;
    this.#world = new World({
      seed,
      checkers: allCheckers(set !== null && 2 * set.minReplicas >= nodes.length),
      keepTranscript: options.keepTranscript === true,
      onEvent: (event) => this.#note(event),
    });
    this.#broker = this.#world.broker(BROKERS, false);
    this.#nodes = this.#shape.nodes.map(({ name, role, leader }) => this.#makeNode(name, role, leader));
    this.#cast = this.#makeCast();
    const acceptsLoss = this.#shape.set?.acceptsLoss === true;
    this.#operator = new Operator(
      this.#cast,
      this.#world.part('operator', () => this.#isOver),
      acceptsLoss,
    );
    this.#faults =
      options.faults ??
      drawFaults({
        random: this.#world.random('faults'),
        nodes: this.#nodes.map(({ name }) => name),
        kind: this.#shape.set === null ? 'leader' : 'set',
        untilMs: this.#shape.faultsUntilMs,
      });
  }

  async toItsEnd(): Promise<SeedResult> {
    const { faultsUntilMs } = this.#shape;
    const world = this.#world;
    this.#startNodes();
    this.#startParts();
    world.planFaults(this.#faults, {
      operator: this.#operator,
      node: (name) => this.#nodes.find((node) => node.name === name)!,
      untilMs: faultsUntilMs,
    });
    await world.runUntil(faultsUntilMs);
    this.#calmDown();
    await world.runUntil(faultsUntilMs + LAST_WORDS_MS);
    this.#isWritingOver = true;
    await world.comeToRest(faultsUntilMs + LAST_WORDS_MS, () => this.#isAtRest());
    this.#settle();
    this.#isOver = true;
    return world.result(this.#faults);
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
    this.#world.fail(problem);
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
      scheduler: this.#world.scheduler,
      net: this.#world.net,
      broker: this.#broker,
      random: this.#world.random(name),
      syncMs,
      pageSizeMax,
      pollIntervalMs,
      retention,
      rate,
      compareEveryMs,
      scrubEveryMs,
      peers: set !== null || role === 'leader' ? members.filter((member) => member !== name) : [],
      minReplicas: set?.minReplicas ?? 0,
      mesh: null,
      tell: (event) => this.#world.tell(event),
      mark: (mark) => this.#world.mark(mark),
      isDamaged: (other) => this.#nodes.find((each) => each.name === other)!.isDamaged,
      fail: (problem) => this.fail(problem),
    });
    node.setWall(drawWallSkewMs(this.#world.random(`wall clock of ${name}`)));
    return node;
  }

  #makeCast(): Cast {
    return {
      net: this.#world.net,
      nodes: this.#nodes,
      isSet: this.#shape.set !== null,
      members: this.#shape.members,
      replicasMin: this.#shape.set?.minReplicas ?? 0,
      headsOf: () => this.#leaderHeads,
      isCalm: () => this.#isWritingOver,
      tell: (event) => this.#world.tell(event),
      mark: (mark) => this.#world.mark(mark),
      fail: (problem) => this.fail(problem),
    };
  }

  #startParts(): void {
    const cast = this.#cast;
    const writers = Math.max(0, this.#shape.writers - (this.#options.writersLess ?? 0));
    for (let i = 1; i <= writers; i++) {
      const writer = new Writer(
        cast,
        this.#world.part(`writer-${i}`, () => this.#isWritingOver),
        () => this.#nextWrite++,
      );
      void writer.run();
      void new Reader(
        cast,
        this.#world.part(`reader-${i}`, () => this.#isWritingOver),
        (): Position | undefined => writer.position,
      ).run();
    }
    const definer = this.#world.random('definer');
    if (definer.chance(DEFINING)) {
      const part = { ...this.#world.part('definer', () => this.#isWritingOver), random: definer };
      void new Writer(cast, part, () => this.#nextWrite++, makeDefinition).run();
    }
    for (let i = 1; i <= this.#shape.feedReaders; i++)
      void new FeedReader(
        cast,
        this.#world.part(`feed-${i}`, () => this.#isWritingOver),
      ).run();
    void new HealthWatcher(
      cast,
      this.#world.part('watcher', () => this.#isOver),
      this.#world.scheduler,
    ).run();
  }

  #startNodes(): void {
    const last = this.#nodes.at(-1)!;
    for (const node of this.#nodes) if (node !== last) node.start();
    const { lastFollowerAtMs, crashAfterJoinMs, faultsUntilMs, away } = this.#shape;
    if (away !== null)
      this.#world.scheduler.after(away.atMs, 'nature', `takes ${last.name} away`, () => last.goAway(away.forMs));
    this.#world.scheduler.after(lastFollowerAtMs, 'an operator', `starts ${last.name}`, () => last.start());
    const crashAtMs = lastFollowerAtMs + (crashAfterJoinMs ?? 0);
    if (lastFollowerAtMs === 0 || crashAfterJoinMs === null || crashAtMs > faultsUntilMs) return;
    const leader = this.#nodes.find(({ name }) => name === last.leader)!;
    this.#world.scheduler.after(crashAtMs, 'nature', `crashes ${leader.name}`, () => leader.crash());
  }

  /**
   * Nothing more is made to go wrong, everything that can run does, and somebody wants to write. What lies in wait, such as
   * an append that is to fail, may still strike, once.
   */
  #calmDown(): void {
    this.#world.net.weather = CALM;
    this.#world.net.mendAll();
    for (const node of this.#nodes) node.start();
    if (this.#shape.set !== null) void this.#operator.insist();
    if (this.#shape.writers === 0) return;
    const lastWriter = new Writer(
      this.#cast,
      this.#world.part('last-writer', () => false),
      () => this.#nextWrite++,
    );
    void lastWriter.insist().then(() => (this.#isLastWriteDone = true));
  }

  #settle(): void {
    const leader = this.#leader;
    if (this.#world.hasFailed || leader.isDamaged) return;
    if (this.#shape.writers > 0 && !this.#isLastWriteDone)
      return this.fail(
        `nothing is wrong any more, and the leader takes no writes: ${this.#nodes.map(standingOf).join('; ')}`,
      );
    this.#world.tell({
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
    this.#world.mark('a follower was said to be lost');
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
    this.#world.mark('drift was found');
    if (this.#damaged.size === 0)
      this.fail(`${name} says that ${examples.join(', ')} differ, and nothing had damaged them`);
  }

  #note(event: TimedEvent): void {
    if (event.kind === 'damaged') this.#damaged.add(event.node);
    if (event.kind === 'drift-found') this.#noteDrift(event.node, event.examples);
    if (event.kind === 'published' || event.kind === 'renewed') this.#cutOff.delete(event.node);
    if (event.kind === 'slot-lost') this.#noteLost(event.node, event.follower);
    if (event.kind === 'cut-off') this.#noteCutOff(event.node, event.reason);
    if (event.kind === 'started' && (event.records[0]?.offsetFirst ?? 1) > 1)
      this.#world.mark('a start on a trimmed log');
    this.#leaderHeads.observe(event);
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
