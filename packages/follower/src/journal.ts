import type { Clock } from '@skein/core';
import type { SloWatch } from '@skein/http';
import { lagSeconds } from '@skein/replication';
import type { FastifyBaseLogger } from 'fastify';
import type { DriftObserver } from './drift/drift-watch.ts';
import type { FollowerMetrics } from './metrics.ts';
import type { RecoveredHow, ReplicatorObserver, ReplicatorState } from './replicator.ts';

export interface JournalParts {
  readonly clock: Clock;
  readonly leaderUrl: string;
  readonly metrics: FollowerMetrics;
  readonly slo: SloWatch;
  readonly logger: FastifyBaseLogger | undefined;
  readonly state: () => ReplicatorState;
  /** For the first time, the leader has answered. */
  readonly onContact: () => void;
  readonly onUpToDate: () => void;
}

/** What has happened to the replication of this node since it started. */
export interface Happened {
  readonly changesApplied: number;
  readonly errorCount: number;
  readonly lastError: string | null;
  readonly lastSyncAt: number | null;
  readonly lastRecovery: RecoveredHow | null;
}

/** What the loop tells: counted here for health, there for metrics, and logged when it changes something. */
export class Journal {
  readonly #parts: JournalParts;
  #happened: Happened = { changesApplied: 0, errorCount: 0, lastError: null, lastSyncAt: null, lastRecovery: null };

  constructor(parts: JournalParts) {
    this.#parts = parts;
  }

  get happened(): Happened {
    return this.#happened;
  }

  readonly ofReplication: ReplicatorObserver = {
    heardUpToDate: () => this.#parts.onUpToDate(),
    answered: (callMs) => {
      this.#parts.metrics.answered(callMs);
      this.#parts.slo.observe('leader_call', callMs);
    },
    fetched: (page) => {
      if (this.#happened.lastSyncAt === null) {
        this.#log?.info({ leader: this.#leader }, 'in contact with the leader');
        this.#parts.onContact();
      }
      this.#note({ lastSyncAt: this.#parts.clock.wall() });
      this.#parts.metrics.fetched(page);
    },
    deduped: (changes) => this.#parts.metrics.deduped(changes),
    applied: (page) => {
      this.#note({ changesApplied: this.#happened.changesApplied + page.changes });
      this.#parts.metrics.applied(page);
      this.#parts.slo.observe('batch', page.tookMs);
      this.#watchLag();
    },
    failed: (type, reason) => {
      this.#noteError(reason);
      const failures = this.#parts.state().failures + 1;
      this.#log?.warn({ leader: this.#leader, type, reason, failures }, 'replication failed; will retry');
      this.#parts.metrics.failed(type);
      this.#watchLag();
    },
    heldBack: () => this.#parts.metrics.heldBack(),
    refused: (reason) => {
      this.#noteError(reason);
      this.#log?.error({ leader: this.#leader, reason }, "the leader's history is not ours; replication stopped");
    },
    recovering: (reason) => {
      this.#noteError(reason);
      this.#log?.warn({ leader: this.#leader, reason }, 'the log does not lead on; coming back another way');
    },
    declined: (rung, reason) => this.#log?.warn({ leader: this.#leader, rung, reason }, 'a whole copy is made instead'),
    recovered: (how) => {
      this.#note({ lastRecovery: how });
      const text = how.rung === 'copy' ? 'the copy is made and served' : 'what differed from the leader was taken over';
      this.#log?.info({ leader: this.#leader, ...how }, text);
    },
  };

  readonly ofDrift: DriftObserver = {
    compared: (found) => this.#parts.metrics.compared(found),
    drifted: ({ offset, differing, repaired, isPart }, examples) =>
      this.#log?.error(
        { leader: this.#leader, offset, differing, more: isPart, repaired, examples },
        'documents are not as the leader has them at the same position',
      ),
    failed: (reason) => this.#log?.debug({ leader: this.#leader, reason }, 'could not be compared with the leader'),
  };

  get #log(): FastifyBaseLogger | undefined {
    return this.#parts.logger;
  }

  get #leader(): string {
    return this.#parts.leaderUrl;
  }

  #note(happened: Partial<Happened>): void {
    this.#happened = { ...this.#happened, ...happened };
  }

  #noteError(reason: string): void {
    this.#note({ errorCount: this.#happened.errorCount + 1, lastError: reason });
  }

  /** Looked at when it has just changed for the better, or will not: between two polls it only seems to grow. */
  #watchLag(): void {
    const lag = lagSeconds(this.#parts.state().progress, this.#parts.clock.now());
    if (lag !== null) this.#parts.slo.observe('lag', lag * 1000);
  }
}
