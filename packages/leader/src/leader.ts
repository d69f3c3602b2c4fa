import { isoTime, type Clock, type Store } from '@skein/core';
import {
  boundsOf,
  bulkLoads,
  createServer,
  documentWrites,
  transactions,
  type NodeServer,
  type AddMetrics,
  type ServedNode,
} from '@skein/http';
import type { Health } from '@skein/protocol';
import { storeVerdict, type RetentionPolicy } from '@skein/replication';
import type { FastifyBaseLogger } from 'fastify';
import { leaderMetrics } from './metrics.ts';

export interface LeaderOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly version: string;
  readonly retention: RetentionPolicy;
  /** How often everything stored is read again; never unless given. */
  readonly scrubEveryMs?: number | null | undefined;
  readonly logger?: FastifyBaseLogger | undefined;
  readonly addProcessMetrics?: AddMetrics | undefined;
}

/** The node that takes writes: its store is the writer, and its server has the routes that reach it. */
export class Leader {
  readonly server: NodeServer;
  readonly #store: Store;
  readonly #stopping = new AbortController();
  #changesCommitted = 0;
  #lastCommitAt: number | null = null;

  constructor({ store, clock, version, retention, scrubEveryMs, logger, addProcessMetrics }: LeaderOptions) {
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
      statusOfRole: () => ({ applied: store.facts.head.offset, lag: { changes: 0, seconds: 0 } }),
    };
    this.server = createServer({
      node,
      logger,
      retention,
      scrubEveryMs,
      addWrites: (app) => {
        documentWrites(app, store);
        transactions(app, store);
        bulkLoads(app, store);
      },
      addRoleMetrics: (registry) => leaderMetrics(registry, store, () => this.server.slots),
      addProcessMetrics,
    });
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

  /** Turns traffic away, answers who waits, finishes what was accepted. The store is the caller's to close. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.server.app.close();
  }

  #readiness(): { readonly ready: boolean; readonly reason: string | null } {
    if (this.#stopping.signal.aborted) return { ready: false, reason: 'the node is stopping' };
    const verdict = storeVerdict({ state: this.#store.state, reason: this.#store.failure });
    return verdict.healthy ? { ready: true, reason: null } : { ready: false, reason: verdict.reason };
  }
}
