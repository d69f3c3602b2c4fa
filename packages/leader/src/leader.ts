import { isoTime, type Clock, type Committed, type Identity, type Store, type Transaction } from '@skein/core';
import {
  boundsOf,
  bulkLoads,
  createServer,
  documentWrites,
  onlyForThisHistory,
  Replicas,
  SlotBook,
  transactions,
  type OpenLink,
  type NodeServer,
  type AddMetrics,
  type ServedNode,
} from '@skein/http';
import type { Health } from '@skein/protocol';
import { storeVerdict, type RetentionPolicy } from '@skein/replication';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { leaderMetrics } from './metrics.ts';
import { PeerWatch } from './peer-watch.ts';

export interface LeaderOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly version: string;
  readonly retention: RetentionPolicy;
  /** How often everything stored is read again; never unless given. */
  readonly scrubEveryMs?: number | null | undefined;
  /** Addresses of the other members, and the way to them. */
  readonly peers?: { readonly urls: readonly string[]; readonly openLink: OpenLink } | undefined;
  /** No write is acknowledged before so many members have it; none unless given. */
  readonly replicasMin?: number | undefined;
  readonly logger?: FastifyBaseLogger | undefined;
  readonly addProcessMetrics?: AddMetrics | undefined;
}

/** The node that takes writes: its store is the writer, and its server has the routes that reach it. */
export class Leader {
  readonly server: NodeServer;
  readonly #store: Store;
  readonly #replicas: Replicas;
  readonly #stopping = new AbortController();
  #changesCommitted = 0;
  #lastCommitAt: number | null = null;

  constructor(options: LeaderOptions) {
    const { store, clock, version, retention, scrubEveryMs, logger, addProcessMetrics } = options;
    this.#store = store;
    store.subscribe(({ records }) => {
      this.#changesCommitted += records.at(-1)!.offsetLast - records[0]!.offsetFirst + 1;
      this.#lastCommitAt = clock.wall();
    });
    const node: ServedNode = {
      role: 'leader',
      store,
      clock,
      version,
      stopping: this.#stopping.signal,
      bounds: () => boundsOf(store),
      health: () => this.health(),
      readiness: () => this.#readiness(),
      statusOfRole: () => this.#status(),
    };
    const self = (): Identity => store.facts.identity;
    const peers = options.peers === undefined ? undefined : new PeerWatch({ ...options.peers, clock, self });
    const slots = new SlotBook(store, clock);
    this.#replicas = new Replicas({
      slots,
      clock,
      stopping: node.stopping,
      log: () => self().log,
      members: () => peers?.members() ?? [],
      replicasMin: options.replicasMin ?? 0,
    });
    this.server = createServer({
      node,
      logger,
      slots,
      retention,
      scrubEveryMs,
      addWrites: (app) => addWrites(app, { writer: store, replicas: this.#replicas }),
      addRoleMetrics: (registry) => leaderMetrics(registry, store, () => slots),
      addProcessMetrics,
    });
    peers?.install(this.server.app);
  }

  health(): Health {
    const { head } = this.#store.facts;
    const verdict = storeVerdict({ state: this.#store.state, reason: this.#store.failure });
    return {
      healthy: verdict.healthy,
      role: 'leader',
      lag_seconds: 0,
      lag_changes: 0,
      last_sync: this.#lastCommitAt === null ? null : isoTime(this.#lastCommitAt),
      last_change_id: head.offset,
      changes_applied: this.#changesCommitted,
      connected: true,
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

  /** Turns traffic away, answers who waits, finishes what was accepted. The store is the caller's to close. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.server.app.close();
  }

  #status(): Readonly<Record<string, unknown>> {
    const { offset } = this.#store.facts.head;
    return { applied: offset, lag: { changes: 0, seconds: 0 }, ...this.#replicas.describe() };
  }

  #readiness(): { readonly ready: boolean; readonly reason: string | null } {
    if (this.#stopping.signal.aborted) return { ready: false, reason: 'the node is stopping' };
    const verdict = storeVerdict({ state: this.#store.state, reason: this.#store.failure });
    return verdict.healthy ? { ready: true, reason: null } : { ready: false, reason: verdict.reason };
  }
}

function addWrites(app: FastifyInstance, parts: { readonly writer: Store; readonly replicas: Replicas }): void {
  app.register(async (scope) => {
    scope.addHook('onRequest', onlyForThisHistory(parts.writer));
    documentWrites(scope, parts);
    transactions(scope, parts);
    bulkLoads(scope, parts);
  });
}
