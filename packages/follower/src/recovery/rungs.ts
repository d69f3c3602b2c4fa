import type { Clock, Generations, RescueFiles, Store } from '@skein/core';
import type { NodeApi } from '@skein/http';
import { copyText, givesUp, type Expectation, type Rung } from '@skein/replication';
import type { FastifyBaseLogger } from 'fastify';
import type { Feed } from './base-record.ts';
import { CompareLeader } from './compare-leader.ts';
import { CopyLeader, type CopyStatus } from './copy-leader.ts';
import { watchingCopy } from './copy-watch.ts';
import { outcomeOf, type RecoveryOutcome } from './outcome.ts';
import { rescueTail, type Rescued } from './rescue-tail.ts';
import type { SnapshotClient } from './snapshot-client.ts';

export interface RungsOptions {
  readonly store: Store;
  readonly generations: Generations;
  /** Where what is given up is saved. */
  readonly rescueFiles: RescueFiles;
  readonly api: NodeApi;
  readonly snapshots: SnapshotClient;
  readonly feed: Feed;
  readonly clock: Clock;
  readonly leaderUrl: string;
  readonly logger: FastifyBaseLogger | undefined;
}

/** The ways back to the leader's history, for when the log does not lead on; which one is taken is the machine's to say. */
export class Rungs {
  readonly #options: RungsOptions;
  readonly #compare: CompareLeader;
  readonly #copy: CopyLeader;
  #tidying: Promise<void> = Promise.resolve();
  #rescued: Rescued | null = null;

  constructor(options: RungsOptions) {
    this.#options = options;
    this.#compare = new CompareLeader(options);
    this.#copy = new CopyLeader(options);
  }

  /** How far a copy is; null while none is being made. */
  get copy(): CopyStatus | null {
    return this.#copy.status;
  }

  /** What was last saved of a history that was given up. */
  get rescued(): Rescued | null {
    return this.#rescued;
  }

  /** The log leads on: what is left of a copy that was begun is of no use. */
  notNeeded(): void {
    const { generations, logger } = this.#options;
    this.#tidying = generations.discard().catch((error: unknown) => {
      logger?.warn({ err: error }, 'what is left of a copy could not be removed');
    });
  }

  async climb(rung: Rung, expected: Expectation, signal: AbortSignal): Promise<RecoveryOutcome> {
    await this.#tidying;
    if (givesUp(expected)) {
      const failed = await this.#rescue(signal);
      if (failed !== null) return failed;
    }
    if (rung === 'compare') return this.#compare.run(expected, signal);
    const { clock, logger, leaderUrl } = this.#options;
    return watchingCopy(this.#copy.run(expected, signal), {
      clock,
      status: () => this.#copy.status,
      tell: (copy) => logger?.info({ leader: leaderUrl, ...copy }, `a copy is being made: ${copyText(copy)}`),
    });
  }

  /** Nothing is given up before it is saved, but what is not to be believed any more. */
  async #rescue(signal: AbortSignal): Promise<RecoveryOutcome | null> {
    const { store, api, rescueFiles: files, logger, leaderUrl } = this.#options;
    try {
      const rescued = await rescueTail({ store, api, files }, signal);
      if (rescued === null) return null;
      this.#rescued = rescued;
      logger?.warn({ leader: leaderUrl, ...rescued }, "what the leader's history lacks was saved to a rescue file");
      return null;
    } catch (error) {
      if (store.state !== 'corrupt') return outcomeOf(error);
      logger?.error({ err: error }, "what the leader's history lacks could not be saved: what is here is corrupt");
      return null;
    }
  }
}
