import { openServed, type Published, type Store } from '@skein/core';
import { Follower, type FollowerOptions } from '@skein/follower';
import { Membership } from '@skein/http';
import { Leader, type LeaderOptions } from '@skein/leader';
import { HEADERS, healthSchema, START, type Health, type Role } from '@skein/protocol';
import { RoleKeeper } from 'skein';
import type { DiskStep } from '../disk/sim-level.ts';
import type { SimDisk } from '../disk/sim-disk.ts';
import type { SimShelf } from '../disk/sim-shelf.ts';
import type { HistoryEvent } from '../history.ts';
import { exchange } from './exchange.ts';
import { logReader } from './log-reader.ts';
import { documentsIn, newestOffsetIn, recordsIn } from './peek.ts';
import type { Rng } from './rng.ts';
import type { Scheduler } from './scheduler.ts';
import { SimClock, WALL_START } from './sim-clock.ts';
import { SimGenerations } from './sim-generations.ts';
import type { SimBroker } from './sim-broker.ts';
import { simLink } from './sim-link.ts';
import { simMeshNode, simMeshOptions, type MeshSetup } from './sim-mesh.ts';
import { SimPush } from './sim-push.ts';
import { situationsIn, timeOf } from './situations.ts';
import type { SentResponse, SimNet, SimRequest, SimResponse } from './sim-net.ts';

/** How a node is set up, in all its lives. */
export interface NodeSetup {
  readonly name: string;
  readonly role: Role;
  /** The node it follows. */
  readonly leader: string | undefined;
  readonly pageSizeMax: number;
  readonly pollIntervalMs: number | null;
  readonly retention: LeaderOptions['retention'];
  readonly rate: FollowerOptions['policy']['rate'];
  readonly compareEveryMs: number | null;
  readonly scrubEveryMs: number | null;
  /** The other members: nodes whose acknowledgements count, and which may lead. */
  readonly peers: readonly string[];
  readonly minReplicas: number;
  /** Of a node of a mesh. */
  readonly mesh: MeshSetup | null;
}

/** What a node has around it. */
export interface Surroundings {
  readonly shelf: SimShelf;
  readonly scheduler: Scheduler;
  readonly net: SimNet;
  /** Beside the feed, in a share of the worlds. */
  readonly broker: SimBroker | null;
  readonly random: Rng;
  readonly tell: (event: HistoryEvent) => void;
  readonly mark: (name: string) => void;
  /** Whether a node's disk was changed behind its back, and it goes on nevertheless. */
  readonly isDamaged: (name: string) => boolean;
}

/** What the machine does to the process that runs on it. */
export interface Machine {
  readonly wallSkewMs: () => number;
  readonly isDamaged: () => boolean;
  readonly wait: (step: DiskStep) => Promise<void> | undefined;
  /** It holds another database than it did, which nothing has damaged. */
  readonly renewed: () => void;
  /** What it holds is not to be relied upon. */
  readonly damaged: () => void;
  /** An answer of the node it follows has come, so long after it was given. */
  readonly answered: (lateMs: number) => void;
  /** Called when an answer is ready and has not been sent. */
  readonly beforeAnswer: () => void;
}

/** A follower hears of its leader at least this often, or knows that it does not. */
const WAIT_SECONDS = 5;
const REQUEST_TIMEOUT_MS = 2000;
/** Shorter than a question is parked, so that there are pings beside questions, and answers to them are not taken for more. */
const PING_INTERVAL_MS = 2000;

/** What a follower may take to notice a silence: a parked question, its time limit, and one more message. */
export const SILENCE_MS_MAX = WAIT_SECONDS * 1000 + 2 * REQUEST_TIMEOUT_MS + 1000;

/** The real node, from its start to its end. Whatever belongs to an ended process never moves again. */
export class SimProcess {
  readonly #setup: NodeSetup;
  readonly #around: Surroundings;
  readonly #machine: Machine;
  #isAlive = true;
  /** Its server has been closed: nobody is listening any more. */
  #isClosed = false;
  /** When its last batch was durable. */
  #publishedAtMs = 0;
  #generations: SimGenerations | undefined;
  #store: Store | undefined;
  #node: RoleKeeper | undefined;
  #push: SimPush | undefined;
  /** The database that was served when it was last told of. */
  #served: SimDisk | undefined;
  /** What the leader said last, as the follower's machine got it. */
  lastContact: { readonly atMs: number; readonly head: number } | null = null;
  /** It was given a page, or told that there is none yet. */
  wasAnswered = false;

  constructor(setup: NodeSetup, around: Surroundings, machine: Machine) {
    this.#setup = setup;
    this.#around = around;
    this.#machine = machine;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** It has opened its store and serves. */
  get isUp(): boolean {
    return this.#node !== undefined;
  }

  get store(): Store | undefined {
    return this.#store;
  }

  /** What it works as. */
  get role(): Role | undefined {
    return this.#node?.role;
  }

  health(): Health | null {
    return this.#node === undefined || this.#node.isChanging ? null : healthSchema.parse(this.#node.health());
  }

  async boot(): Promise<void> {
    const { name, role, mesh } = this.#setup;
    const { shelf, net, random, scheduler, mark } = this.#around;
    const clock = new SimClock(scheduler, name, () => this.#isAlive, this.#machine.wallSkewMs);
    this.#generations = new SimGenerations(shelf, { wait: this.#machine.wait, mayReorder: random }, mark);
    const store = await openServed(this.#generations, {
      role,
      takesEitherRole: this.#setup.peers.length > 0,
      node: name,
      clock,
      randomness: (count) => random.bytes(count),
      mesh: mesh === null ? undefined : simMeshOptions(mesh, name, random),
      onSetAside: () => {
        if (this.#isAlive) this.#tellSetAside();
      },
    });
    if (!this.#isAlive) return;
    this.#store = store;
    this.#tellStart(store);
    store.subscribe((published) => {
      if (this.#isAlive) this.#tellPublished(store, published);
    });
    const node = this.#roles(store, clock);
    await node.ready();
    if (!this.#isAlive) return;
    this.#node = node;
    net.serve(name, (request) => this.#serve(node, request));
    node.start();
  }

  /** As an operator stops it. */
  async stop(): Promise<void> {
    await this.#node!.stop();
    await this.#push?.close();
    this.#isClosed = true;
    await this.#store!.close();
  }

  /** At once, in the middle of whatever it does. */
  die(): void {
    this.#isAlive = false;
    this.#generations?.die();
  }

  #roles(store: Store, clock: SimClock): RoleKeeper {
    const { name, leader, retention, scrubEveryMs, peers, minReplicas, mesh } = this.#setup;
    const openLink = simLink(this.#around.net, name, () => this.#isAlive);
    const leaderUrl = leader === undefined ? null : `http://${leader}`;
    const membership = new Membership({
      store,
      clock,
      openLink,
      peers: peers.map((peer) => `http://${peer}`),
      leaders: leaderUrl === null ? [] : [leaderUrl],
      minReplicas,
      instance: this.#around.random.bytes(8).toString('hex'),
      logger: this.#logger(),
    });
    const random = (): number => this.#around.random.unit();
    const common = {
      store,
      clock,
      random,
      membership,
      version: 'simulated',
      retention,
      scrubEveryMs,
      logger: this.#logger(),
    };
    const push = this.#pushOf(store, clock);
    this.#push = push;
    if (mesh !== null) {
      const logger = common.logger;
      const timing = { waitSeconds: WAIT_SECONDS, requestTimeoutMs: REQUEST_TIMEOUT_MS };
      const parts = { store, clock, random: this.#around.random, openLink, push, logger, ...timing };
      const makeLeader = (): Leader => new Leader({ ...common, role: 'mesh', addition: simMeshNode(mesh, parts) });
      return new RoleKeeper({ store, clock, membership, makeLeader, makeFollower: null, leaderUrl: null });
    }
    return new RoleKeeper({
      store,
      clock,
      membership,
      makeLeader: () => new Leader({ ...common, addition: push?.ofLeader() }),
      makeFollower: (url, noLeaderReason) => {
        const whom = { leaderUrl: url ?? 'http://nobody', noLeaderReason, pushed: push?.ofFollower() };
        return new Follower({ ...common, ...this.#following(), ...whom });
      },
      leaderUrl,
    });
  }

  #pushOf(store: Store, clock: SimClock): SimPush | undefined {
    const { broker, random, mark } = this.#around;
    if (broker === null) return undefined;
    const isAlive = (): boolean => this.#isAlive;
    return new SimPush({
      broker,
      store,
      clock,
      random: () => random.unit(),
      randomness: (count) => random.bytes(count),
      isAlive,
      mark,
    });
  }

  #following() {
    const { name, pageSizeMax, pollIntervalMs, rate, compareEveryMs } = this.#setup;
    const { net, scheduler, shelf } = this.#around;
    // What was heard of one leader says nothing of the next.
    this.lastContact = null;
    const heard = ({ status, headers, sentAtMs }: SentResponse, asked: SimRequest): void => {
      this.#machine.answered(scheduler.nowMs - sentAtMs);
      const head = Number(headers['skein-head']);
      // What is an answer to somebody else says nothing.
      const isOurs = headers[HEADERS.question] === asked.headers?.[HEADERS.question];
      if (status !== 200 || !Number.isInteger(head) || !isOurs) return;
      this.lastContact = { atMs: scheduler.nowMs, head };
      // Where the log ends is told to anybody; that it can go on from where it is, only in answer to that.
      if (!asked.path.includes('since=now')) this.wasAnswered = true;
    };
    return {
      generations: this.#generations!,
      rescueFiles: shelf.rescueFiles,
      compareEveryMs,
      repairs: true,
      openLink: simLink(net, name, () => this.#isAlive, heard),
      policy: {
        backoff: { baseMs: 200, maxMs: 5000 },
        breaker: { failuresMax: 5, openMs: 3000 },
        pollIntervalMs,
        waitSeconds: WAIT_SECONDS,
        pageSizeMax,
        rate,
        acceptReset: false,
      },
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      pingIntervalMs: PING_INTERVAL_MS,
      forwardWrites: true,
      lagSecondsMax: 30,
    };
  }

  #logger(): LeaderOptions['logger'] {
    const { tell, mark } = this.#around;
    return logReader(this.#setup.name, () => this.#isAlive, tell, mark);
  }

  #tellStart({ facts }: Store): void {
    const { name } = this.#setup;
    const { role } = facts.identity;
    const { shelf, tell } = this.#around;
    this.#served = shelf.served;
    const records = recordsIn(shelf.served.content());
    tell({ kind: 'started', node: name, role, log: facts.identity.log, head: facts.head, records });
  }

  /** Its data were not to be believed, and it begins with none. */
  #tellSetAside(): void {
    const { name } = this.#setup;
    const { tell, mark } = this.#around;
    mark('a corrupt follower began anew');
    this.#machine.renewed();
    tell({
      kind: 'renewed',
      node: name,
      log: null,
      head: START,
      durable: 0,
      tail: 1,
      documents: new Map(),
      rescued: new Set(),
    });
  }

  #tellRenewed(store: Store): void {
    const { name, leader } = this.#setup;
    const { shelf, scheduler, tell, isDamaged } = this.#around;
    const { identity, head, tail } = store.facts;
    // A copy is no better than what it is a copy of; and what has only moved, or been repaired, is as damaged as it was.
    const isSameDatabase = shelf.served === this.#served;
    const isSound = (leader === undefined || !isDamaged(leader)) && !(isSameDatabase && this.#machine.isDamaged());
    this.#served = shelf.served;
    this.#machine.renewed();
    scheduler.note(`${name} anew ${head.offset} ${head.hash}`);
    tell({
      kind: 'renewed',
      node: name,
      log: identity.log,
      head,
      durable: newestOffsetIn(shelf.served.durableContent(), head.offset),
      tail,
      documents: isSound ? documentsIn(shelf.served.content()) : null,
      rescued: linesIn(shelf.rescued.values()),
    });
    if (!isSound) this.#machine.damaged();
  }

  #tellPublished(store: Store, { records, head, isAnew }: Published): void {
    if (isAnew) return this.#tellRenewed(store);
    const { name } = this.#setup;
    const { role } = store.facts.identity;
    const { shelf, scheduler, tell, mark } = this.#around;
    for (const situation of situationsIn(role, records)) mark(situation);
    // Times of changes are whole milliseconds.
    const decidedAtMs = timeOf(records[0]!) + 1 - WALL_START - this.#machine.wallSkewMs();
    if (role === 'leader' && decidedAtMs <= this.#publishedAtMs)
      mark('a group was decided while another was in flight');
    this.#publishedAtMs = scheduler.nowMs;
    scheduler.note(`${name} ${head.offset} ${head.hash}`);
    tell({
      kind: 'published',
      node: name,
      role,
      log: store.facts.identity.log!,
      records,
      head,
      durable: newestOffsetIn(shelf.served.durableContent(), head.offset),
      documents: this.#machine.isDamaged() ? null : documentsIn(shelf.served.content()),
    });
  }

  async #serve(node: RoleKeeper, request: SimRequest): Promise<SimResponse> {
    if (this.#isClosed) throw new Error('the server is closed');
    const answer = await exchange(node, request);
    if (this.#isAlive) this.#machine.beforeAnswer();
    if (!this.#isAlive) return new Promise(() => undefined);
    return answer;
  }
}

/** The changes in files, without what each says of itself in its first line. */
function linesIn(files: Iterable<string>): ReadonlySet<string> {
  return new Set([...files].flatMap((text) => text.split('\n').slice(1)));
}
