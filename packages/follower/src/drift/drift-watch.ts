import type { Clock, Snapshot, Store } from '@skein/core';
import { Comparison, fetchDigest, NodeDeclines, patiently, type NodeApi } from '@skein/http';
import { formatPosition, samePosition, type Position } from '@skein/protocol';
import { nextComparisonMs, REPAIRS_MAX, type Difference, type DriftReport } from '@skein/replication';
import { fetchFixes } from '../recovery/fetch-fixes.ts';
import type { SnapshotClient } from '../recovery/snapshot-client.ts';
import type { Replicator } from '../replicator.ts';

export interface DriftObserver {
  /** A comparison is done: so many documents were found to differ, fetched, and put right. */
  compared(found: { readonly differing: number; readonly fetched: number; readonly repaired: number }): void;
  drifted(report: DriftReport, examples: readonly string[]): void;
  failed(reason: string): void;
}

export interface DriftWatchOptions {
  readonly store: Store;
  readonly replicator: Replicator;
  readonly api: NodeApi;
  readonly snapshots: Pick<SnapshotClient, 'named'>;
  readonly clock: Clock;
  readonly random: () => number;
  /** Null compares never. */
  readonly intervalMs: number | null;
  readonly repairs: boolean;
  readonly observer: DriftObserver;
}

/** Applying stands still for no longer than these: the leader names a position, and this node comes to it. */
const PIN_MS_MAX = 1000;
const STAND_MS_MAX = 5000;
const BYTES_MAX = 64 * 1024 * 1024;
const EXAMPLES_MAX = 10;

/**
 * Compares this node's documents with its leader's, both exactly as of one position: the leader pins it, this node stops
 * applying there for the moment it takes to make a snapshot, and goes on. So what moves meanwhile is never taken for drift.
 */
export class DriftWatch {
  readonly #options: DriftWatchOptions;
  readonly #ending = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #report: DriftReport | null = null;
  #failures = 0;
  #retryAfterMs: number | undefined;

  constructor(options: DriftWatchOptions) {
    this.#options = options;
  }

  /** Null before the first comparison. */
  get report(): DriftReport | null {
    return this.#report;
  }

  start(): void {
    if (this.#options.intervalMs !== null) this.#running = this.#run(this.#options.intervalMs, this.#ending.signal);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #run(intervalMs: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      const isUnfinished = this.#options.repairs && this.#report?.isPart === true;
      const before = { failures: this.#failures, retryAfterMs: this.#retryAfterMs, isUnfinished };
      const delayMs = nextComparisonMs(intervalMs, before);
      // Followers that began together do not all come at once.
      const jittered = delayMs * (0.75 + 0.5 * this.#options.random());
      await this.#options.clock.sleep(jittered, signal).catch(() => undefined);
      if (signal.aborted) return;
      if (!this.#options.replicator.isInContact) continue;
      try {
        await this.#compare(signal);
        this.#failures = 0;
        this.#retryAfterMs = undefined;
      } catch (error) {
        if (signal.aborted) return;
        this.#retryAfterMs = error instanceof NodeDeclines ? error.retryAfterMs : undefined;
        if (this.#retryAfterMs === undefined) this.#failures++;
        this.#options.observer.failed(error instanceof Error ? error.message : String(error));
      }
    }
  }

  async #compare(signal: AbortSignal): Promise<void> {
    const { store, api, clock } = this.#options;
    const snapshot = await this.#stand(signal);
    try {
      const at = formatPosition(snapshot.position);
      const mine = store.digests.at(snapshot, 'version', signal);
      // Theirs may fail before, and then nobody is left to hear of it.
      mine.catch(() => undefined);
      const ask = (path: string): Promise<unknown> => patiently(clock, () => api.get(path, signal), signal);
      const theirs = await fetchDigest(ask, 'version', at);
      const comparison = new Comparison(await mine, theirs);
      await this.#settle(snapshot.position, comparison, signal);
    } finally {
      await snapshot.close();
    }
  }

  /** A snapshot of this store at a position that the leader holds. */
  async #stand(signal: AbortSignal): Promise<Snapshot> {
    const { store, api, replicator } = this.#options;
    replicator.hold();
    try {
      const { log, position } = await api.pin(formatPosition(replicator.state.fetchedTo), signal, {
        answerMs: PIN_MS_MAX,
      });
      if (log !== replicator.state.log) throw new Error('the leader holds another log');
      await replicator.standAt(position.offset, STAND_MS_MAX, signal);
      const snapshot = await store.snapshot();
      if (samePosition(snapshot.position, position)) return snapshot;
      await snapshot.close();
      throw new Error(`the leader holds ${formatPosition(position)}, this node is elsewhere`);
    } finally {
      replicator.release();
    }
  }

  async #settle(position: Position, comparison: Comparison, signal: AbortSignal): Promise<void> {
    const { store, snapshots, clock, repairs, observer } = this.#options;
    const seen: Difference[] = [];
    const limits = { differencesMax: REPAIRS_MAX, bytesMax: BYTES_MAX };
    const noted = note(comparison.differences(), seen, REPAIRS_MAX);
    const { fixes, isPart } = repairs
      ? await fetchFixes(snapshots, position, noted, limits, signal)
      : { fixes: { documents: [], removed: [] }, isPart: await isMoreThan(noted, REPAIRS_MAX) };
    const repaired = seen.length > 0 && repairs ? await store.repair(position, fixes) : 0;
    // What the log has changed meanwhile is put right, too, though not by the repair.
    const settled = fixes.documents.length + fixes.removed.length;
    const report: DriftReport = {
      atMs: clock.now(),
      offset: position.offset,
      differing: seen.length,
      repaired: settled,
      isPart,
      cost: comparison.cost,
    };
    this.#report = report;
    observer.compared({ differing: seen.length, fetched: fixes.documents.length, repaired });
    if (seen.length > 0)
      observer.drifted(
        report,
        seen.slice(0, EXAMPLES_MAX).map(({ collection, key }) => `${collection}/${key}`),
      );
  }
}

/** Passes differences on and keeps them in mind, up to so many. */
async function* note(
  differences: AsyncIterable<Difference>,
  seen: Difference[],
  countMax: number,
): AsyncGenerator<Difference> {
  for await (const difference of differences) {
    if (seen.length < countMax) seen.push(difference);
    yield difference;
  }
}

async function isMoreThan(items: AsyncGenerator, count: number): Promise<boolean> {
  for (let seen = 0; seen <= count; seen++) if ((await items.next()).done === true) return false;
  await items.return(undefined);
  return true;
}
