import {
  isoTime,
  leadingRefusal,
  mayAcknowledge,
  type Clock,
  type Committed,
  type Store,
  type Transaction,
} from '@skein/core';
import {
  boundsOf,
  bulkLoads,
  collectionDeletion,
  createServer,
  definitionWrites,
  documentWrites,
  onlyForThisHistory,
  Replicas,
  SlotBook,
  transactions,
  untilStopped,
  type Membership,
  type NodeServer,
  type AddMetrics,
  type CorsOrigins,
  type RoleAddition,
  type ServedNode,
  type TakenProgress,
} from '@skein/http';
import type { Health, Role } from '@skein/protocol';
import { storeVerdict, type RetentionPolicy, type Verdict } from '@skein/replication';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { ExpirySweeper } from './expiry-sweeper.ts';
import { leaderMetrics } from './metrics.ts';

export interface LeaderOptions {
  /** What it says it is: a node of a mesh is one that leads its own log. */
  readonly role?: Exclude<Role, 'follower'> | undefined;
  readonly store: Store;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly version: string;
  readonly retention: RetentionPolicy;
  /** How often everything stored is read again; never unless given. */
  readonly scrubEveryMs?: number | null | undefined;
  /** Its place among the members: whose acknowledgements count, and whether another one leads. */
  readonly membership: Membership;
  readonly logger?: FastifyBaseLogger | undefined;
  /** Web pages that may use the node; none unless given. */
  readonly corsOrigins?: CorsOrigins | undefined;
  readonly addProcessMetrics?: AddMetrics | undefined;
  /** What it does beside leading. */
  readonly addition?: RoleAddition | undefined;
}

/** Of a leader: there is nobody it could be behind. */
const NOTHING_TO_TAKE: TakenProgress = { lagSeconds: 0, lagChanges: 0, connected: true };

/** The node that takes writes: its store is the writer, and its server has the routes that reach it. */
export class Leader {
  readonly server: NodeServer;
  readonly #role: Exclude<Role, 'follower'>;
  readonly #store: Store;
  readonly #replicas: Replicas;
  readonly #addition: RoleAddition | undefined;
  readonly #stopping = untilStopped();
  #changesCommitted = 0;
  #lastCommitAt: number | null = null;

  constructor(options: LeaderOptions) {
    const { store, clock, random, version, retention, scrubEveryMs, corsOrigins, logger, addProcessMetrics } = options;
    this.#role = options.role ?? 'leader';
    this.#store = store;
    this.#addition = options.addition;
    store.subscribe(({ records }) => {
      this.#changesCommitted += records.at(-1)!.offsetLast - records[0]!.offsetFirst + 1;
      this.#lastCommitAt = clock.wall();
    }, this.#stopping.signal);
    const node: ServedNode = {
      role: this.#role,
      store,
      clock,
      random,
      version,
      stopping: this.#stopping.signal,
      bounds: () => boundsOf(store),
      health: () => this.health(),
      readiness: () => this.#readiness(),
      statusOfRole: () => this.#status(),
      pushKey: () => this.#addition?.pushKey ?? null,
      forget: async (id) => (await this.#addition?.forget?.(id)) ?? false,
    };
    const { membership } = options;
    const assure = (): Promise<void> | undefined => (membership.isAssured ? undefined : membership.assure());
    const slots = new SlotBook(store, clock, node.stopping);
    this.#replicas = new Replicas({
      slots,
      clock,
      stopping: node.stopping,
      log: () => store.facts.identity.log,
      members: () => membership.members(),
      onMembers: (listener) => membership.onMembers(listener, node.stopping),
      replicasMin: membership.minReplicas,
      assure,
      mayAcknowledge: () => mayAcknowledge(store.facts),
    });
    const writes = { writer: store, replicas: this.#replicas };
    const sweeper = new ExpirySweeper({ store, clock, assure, logger });
    this.server = createServer({
      node,
      logger,
      slots,
      retention,
      scrubEveryMs,
      corsOrigins,
      membership,
      addWrites: (app) => addWrites(app, { ...writes, assure, node }),
      writes,
      addRoleMetrics: (registry) => {
        leaderMetrics(registry, { store, slots, sweeper });
        this.#addition?.addMetrics(registry);
      },
      addProcessMetrics,
      merge: this.#addition?.merge?.bind(this.#addition),
    });
    sweeper.install(this.server.app);
    this.#addition?.install(this.server.app, { slots });
  }

  health(): Health {
    const { head } = this.#store.facts;
    const verdict = this.#fullVerdict();
    const progress = this.#progress();
    return {
      healthy: verdict.healthy,
      role: this.#role,
      lag_seconds: progress.lagSeconds,
      lag_changes: progress.lagChanges,
      last_sync: this.#lastCommitAt === null ? null : isoTime(this.#lastCommitAt),
      last_change_id: head.offset,
      changes_applied: this.#changesCommitted,
      connected: progress.connected,
      outbox_drift: this.server.slots.drift(head.offset),
      error_count: this.#store.failures,
      last_error: this.#store.lastFailure,
      error: verdict.healthy ? null : verdict.reason,
    };
  }

  /** Takes a write from within this process: held to the same as one that comes over HTTP. */
  commit(transaction: Transaction): Promise<Committed> {
    return this.#replicas.commitHere(() => this.#store.commit(transaction));
  }

  /** Turns traffic away, answers who waits, and ends once the last answer is given. The store is the caller's to close. */
  async stop(drained: () => Promise<void> = async () => undefined): Promise<void> {
    this.#stopping.abort();
    await drained();
    await this.server.app.close();
  }

  /** Why it may not lead as it is now. */
  unfit(): string | null {
    const verdict = storeVerdict({ state: this.#store.state, reason: this.#store.failure });
    return verdict.healthy ? null : verdict.reason;
  }

  #verdict(): Verdict {
    const verdict = storeVerdict({ state: this.#store.state, reason: this.#store.failure });
    const refusal = verdict.healthy ? leadingRefusal(this.#store.facts) : undefined;
    return refusal === undefined ? verdict : { healthy: false, reason: refusal.message };
  }

  /** With what is the matter beside leading, which is no reason to send nobody here. */
  #fullVerdict(): Verdict {
    const verdict = this.#verdict();
    return verdict.healthy ? (this.#addition?.verdict?.() ?? verdict) : verdict;
  }

  #progress(): TakenProgress {
    return this.#addition?.progress?.() ?? NOTHING_TO_TAKE;
  }

  #status(): Readonly<Record<string, unknown>> {
    const { offset } = this.#store.facts.head;
    const { lagChanges, lagSeconds } = this.#progress();
    return {
      applied: offset,
      lag: { changes: lagChanges, seconds: lagSeconds },
      ...this.#replicas.describe(),
      ...this.#addition?.describe(),
    };
  }

  #readiness(): { readonly ready: boolean; readonly reason: string | null } {
    if (this.#stopping.signal.aborted) return { ready: false, reason: 'the node is stopping' };
    const verdict = this.#verdict();
    return verdict.healthy ? { ready: true, reason: null } : { ready: false, reason: verdict.reason };
  }
}

interface WritesParts {
  readonly writer: Store;
  readonly replicas: Replicas;
  readonly assure: () => Promise<void> | undefined;
  readonly node: ServedNode;
}

function addWrites(app: FastifyInstance, parts: WritesParts): void {
  app.register(async (scope) => {
    scope.addHook('onRequest', async () => parts.assure());
    scope.addHook('onRequest', onlyForThisHistory(parts.writer));
    documentWrites(scope, parts);
    transactions(scope, parts);
    bulkLoads(scope, parts);
    definitionWrites(scope, { ...parts, definitions: parts.writer.definitions });
    const { clock, stopping } = parts.node;
    collectionDeletion(scope, { store: parts.writer, replicas: parts.replicas, clock, stopping });
  });
}
