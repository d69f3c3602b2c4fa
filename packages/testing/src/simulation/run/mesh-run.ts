import type { Position } from '@skein/protocol';
import { asLeader } from '../checkers/mesh/each-node.ts';
import { meshCheckers } from '../checkers/mesh/index.ts';
import { meshDifference } from '../checkers/mesh/mesh-converged.ts';
import { SimShelf } from '../disk/sim-shelf.ts';
import { drawFaults } from '../faults/draw-faults.ts';
import type { Fault } from '../faults/fault.ts';
import type { TimedEvent } from '../history.ts';
import { LeaderHeads } from '../leader-heads.ts';
import type { Cast, Part } from '../workload/cast.ts';
import { FeedReader } from '../workload/feed-reader.ts';
import { HealthWatcher } from '../workload/health-watcher.ts';
import { makeDefinition } from '../workload/make-definition.ts';
import { makeMeshWrite } from '../workload/make-mesh-write.ts';
import { Reader } from '../workload/reader.ts';
import { Writer } from '../workload/writer.ts';
import { documentsIn, indexesIn } from '../world/peek.ts';
import { Rng } from '../world/rng.ts';
import type { SimBroker } from '../world/sim-broker.ts';
import { WALL_START } from '../world/sim-clock.ts';
import { CALM } from '../world/sim-net.ts';
import { SimNode } from '../world/sim-node.ts';
import { drawMesh, type MeshNodeShape, type MeshShape } from './mesh-shape.ts';
import type { SeedOptions, WorldRun } from './seed-options.ts';
import { LAST_WORDS_MS, World, type SeedResult } from './world.ts';

/** In so many of them there is a broker beside the feeds. */
const BROKERS = 0.6;

/** In so many of them somebody defines something, and has sessions that end. */
const DEFINING = 0.25;

/** A world in which every node takes writes, and merges those of the others. */
export class MeshRun implements WorldRun {
  readonly #world: World;
  readonly #options: SeedOptions;
  readonly #shape: MeshShape;
  readonly #broker: SimBroker | null;
  readonly #nodes: readonly SimNode[];
  readonly #cast: Cast;
  readonly #faults: readonly Fault[];
  readonly #heads: ReadonlyMap<string, LeaderHeads>;
  /** How far ahead any clock has ever been. */
  #skewMsMax = 0;
  #isWritingOver = false;
  #lastWritesLeft: number;
  #isOver = false;
  #nextWrite = 1;

  constructor(seed: number, options: SeedOptions) {
    this.#options = options;
    this.#shape = drawMesh(Rng.named(seed, 'mesh shape'));
    this.#world = new World({
      seed,
      checkers: meshCheckers(this.#shape.nodes),
      keepTranscript: options.keepTranscript === true,
      onEvent: (event) => this.#note(event),
    });
    this.#heads = new Map(this.#shape.nodes.map(({ name }) => [name, new LeaderHeads()]));
    this.#broker = this.#world.broker(BROKERS, true);
    this.#nodes = this.#shape.nodes.map((node) => this.#makeNode(node));
    this.#lastWritesLeft = this.#nodes.length;
    this.#cast = this.#makeCast();
    this.#faults =
      options.faults ??
      drawFaults({
        random: this.#world.random('faults'),
        nodes: this.#nodes.map(({ name }) => name),
        kind: 'mesh',
        untilMs: this.#shape.faultsUntilMs,
      });
  }

  async toItsEnd(): Promise<SeedResult> {
    const { faultsUntilMs } = this.#shape;
    const world = this.#world;
    for (const node of this.#nodes) node.start();
    this.#startParts();
    world.planFaults(this.#faults, {
      operator: null,
      node: (name) => this.#nodeNamed(name),
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

  fail(problem: string): void {
    this.#world.fail(problem);
  }

  #nodeNamed(name: string): SimNode {
    return this.#nodes.find((node) => node.name === name)!;
  }

  #makeNode({ name, wallSkewMs, ...mesh }: MeshNodeShape): SimNode {
    const { logBytesMax, syncMs, retention, scrubEveryMs } = this.#shape;
    const world = this.#world;
    const node = new SimNode({
      name,
      role: 'mesh',
      leader: undefined,
      shelf: new SimShelf({ logBytesMax }),
      scheduler: world.scheduler,
      net: world.net,
      broker: this.#broker,
      random: world.random(name),
      syncMs,
      pageSizeMax: 1000,
      pollIntervalMs: null,
      retention,
      rate: null,
      compareEveryMs: null,
      scrubEveryMs,
      peers: [],
      minReplicas: 0,
      mesh,
      tell: (event) => world.tell(event),
      mark: (mark) => world.mark(mark),
      isDamaged: () => false,
      fail: (problem) => this.fail(problem),
    });
    node.setWall(wallSkewMs);
    return node;
  }

  #makeCast(): Cast {
    const world = this.#world;
    return {
      net: world.net,
      nodes: this.#nodes,
      isSet: false,
      members: [],
      replicasMin: 0,
      headsOf: (node) => this.#heads.get(node)!,
      isCalm: () => this.#isWritingOver,
      tell: (event) => world.tell(event),
      mark: (mark) => world.mark(mark),
      fail: (problem) => this.fail(problem),
    };
  }

  /** Everybody has one node that he knows: what he is told there says nothing of another. */
  #startParts(): void {
    const { writers, readers, feedReaders } = this.#shape;
    const cast = this.#cast;
    const nextId = (): number => this.#nextWrite++;
    const wanted = Math.max(0, writers - (this.#options.writersLess ?? 0));
    const asked = Array.from({ length: wanted }, (_, i) => {
      const writer = new Writer(cast, this.#partAt(`writer-${i + 1}`, i), nextId, makeMeshWrite);
      void writer.run();
      return writer;
    });
    for (let i = 0; i < Math.min(readers, wanted); i++) {
      const position = (): Position | undefined => asked[i]!.position;
      void new Reader(cast, this.#partAt(`reader-${i + 1}`, i), position).run();
    }
    const definer = this.#partAt('definer', this.#nodes.length - 1);
    if (definer.random.chance(DEFINING)) void new Writer(cast, definer, nextId, makeDefinition).run();
    for (let i = 0; i < feedReaders; i++) void new FeedReader(cast, this.#partAt(`feed-${i + 1}`, i)).run();
    const watcher = this.#world.part('watcher', () => this.#isOver);
    void new HealthWatcher(cast, watcher, this.#world.scheduler).run();
  }

  #partAt(name: string, i: number, isOver: () => boolean = () => this.#isWritingOver): Part {
    return { ...this.#world.part(name, isOver), home: this.#nodes[i % this.#nodes.length]! };
  }

  /** Nothing more is made to go wrong, each node is to take one more write, and clocks are right: none has been further ahead. */
  #calmDown(): void {
    const { net } = this.#world;
    net.weather = CALM;
    net.mendAll();
    for (const node of this.#nodes) {
      node.setWall(this.#skewMsMax);
      node.start();
    }
    for (const i of this.#nodes.keys()) {
      const part = this.#partAt(`last-writer-${i + 1}`, i, () => false);
      void new Writer(this.#cast, part, () => this.#nextWrite++).insist().then(() => this.#lastWritesLeft--);
    }
  }

  #isAtRest(): boolean {
    if (this.#lastWritesLeft > 0) return false;
    if (this.#nodes.some((node) => node.health()?.healthy !== true)) return false;
    const wallMs = WALL_START + this.#world.scheduler.nowMs + this.#skewMsMax;
    const [first, ...others] = this.#nodes.map((node) => ({
      node: node.name,
      documents: documentsIn(node.disk.content()),
    }));
    return others.every((other) => meshDifference(first!, other, wallMs) === undefined);
  }

  #settle(): void {
    if (this.#world.hasFailed) return;
    if (this.#lastWritesLeft > 0) return this.fail(`nothing is wrong any more, and a node takes no writes`);
    this.#world.tell({
      kind: 'settled',
      nodes: this.#nodes.map((node) => ({
        node: node.name,
        role: node.role,
        isDamaged: false,
        isReady: node.isUp && node.store!.state === 'ready',
        head: node.store?.facts.head ?? { offset: 0, epoch: '', hash: '' },
        documents: documentsIn(node.disk.content()),
        indexes: indexesIn(node.disk.content()),
        health: node.health(),
      })),
    });
  }

  #note(event: TimedEvent): void {
    if (event.kind === 'clock-set') this.#skewMsMax = Math.max(this.#skewMsMax, event.skewMs);
    if (event.kind === 'started' || event.kind === 'published') this.#heads.get(event.node)!.observe(asLeader(event));
  }
}
