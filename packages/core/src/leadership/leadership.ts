import {
  newestCounter,
  SkeinError,
  type Epoch,
  type EpochPromise,
  type EpochPromises,
  type Position,
  type RecordView,
  type Role,
} from '@skein/protocol';
import type { Clock } from '../clock.ts';
import { encodeJson, putPromises, type Facts } from '../facts.ts';
import { metaKey } from '../level/layout.ts';
import { SYNCED, type Level, type LevelBatch } from '../level/level.ts';
import { putSealed } from '../level/sealed.ts';
import { putWitness } from '../log/witness.ts';
import type { RandomBytes } from '../random-bytes.ts';
import { epochRecord, type NewEpoch } from './begin-epoch.ts';
import { isPromised, promisesWith, promisesWithout } from './promises.ts';

/** What this needs of its store. */
export interface LeadershipHost {
  level(): Level;
  facts(): Facts;
  readonly clock: Clock;
  readonly randomness: RandomBytes;
  /** Runs while no batch is in flight; refused while nothing may be written. */
  writing<T>(work: () => Promise<T>): Promise<T>;
  /** Runs a write; its failure poisons the store and leaves the outcome unknown. */
  guarded(write: () => Promise<void>): Promise<void>;
  /** Writes a record of this node's own, with which it takes on a role. */
  write(record: RecordView, role: Role): Promise<void>;
  /** What is so now that a batch beside the log is durable. */
  became(changed: Partial<Pick<Facts, 'identity' | 'promised' | 'rival'>>): void;
}

/**
 * Who leads, as far as this store may say: the promises it has given, the epoch it begins, the role it has. Each is durable
 * when it resolves, and each waits for its turn, so that no write is on its way past it.
 */
export class Leadership {
  readonly #host: LeadershipHost;

  constructor(host: LeadershipHost) {
    this.#host = host;
  }

  /**
   * Promises a counter to a node, once: to anybody else it is refused from then on, and so is everything lower. Answers where
   * the log ends: nothing of a lower epoch is behind that which anybody has been told of.
   */
  promise(asked: EpochPromise): Promise<Position> {
    return this.#host.writing(async () => {
      const facts = this.#host.facts();
      const { promised } = facts;
      if (!isPromised(promised, asked)) {
        if (asked.counter <= Math.max(newestCounter(facts.history), promised.spent))
          throw refusal(asked.counter, facts);
        await this.#keep(promisesWith(promised, asked, newestCounter(facts.history)));
      }
      return this.#host.facts().head;
    });
  }

  /** Its holder has given it up: the counter is spent, and lower epochs may go on. One that has begun is not given up. */
  release(given: EpochPromise): Promise<void> {
    return this.#host.writing(async () => {
      const facts = this.#host.facts();
      if (isPromised(facts.promised, given) && given.counter > newestCounter(facts.history))
        await this.#keep(promisesWithout(facts.promised, given));
    });
  }

  /** This leader has a rival: neither of them writes until one is promoted again, with a higher counter. */
  renounce(rival: Epoch): Promise<void> {
    return this.#host.writing(async () => {
      const batch = this.#batch();
      putSealed(batch, metaKey('rival'), Buffer.from(rival));
      await this.#host.guarded(() => batch.write(SYNCED));
      this.#host.became({ rival });
    });
  }

  /** Begins an epoch that has been promised to this node, and leads from its first record on. */
  lead(epoch: NewEpoch): Promise<Position> {
    return this.#host.writing(async () => {
      const { clock, randomness } = this.#host;
      const facts = this.#host.facts();
      const { identity, promised } = facts;
      if (identity.log === null) throw new SkeinError('promotion_refused', 'this node has nothing of any log yet');
      const { counter } = epoch;
      // It may have promised another one meanwhile, or whoever it follows has begun one of that counter.
      const isOutdone = promised.spent > counter || newestCounter(facts.history) >= counter;
      if (isOutdone || !isPromised(promised, { counter, to: identity.node })) throw refusal(counter, facts);
      const chance = { random: randomness(8), wallMs: clock.wall() };
      await this.#host.write(epochRecord(epoch, facts, chance), 'leader');
      return this.#host.facts().head;
    });
  }

  /** Leads no longer. */
  follow(): Promise<void> {
    return this.#host.writing(async () => {
      const { identity } = this.#host.facts();
      if (identity.role === 'follower') return;
      const follower = { ...identity, role: 'follower' } as const;
      const batch = this.#batch();
      putSealed(batch, metaKey('identity'), encodeJson(follower));
      await this.#host.guarded(() => batch.write(SYNCED));
      this.#host.became({ identity: follower });
    });
  }

  async #keep(promised: EpochPromises): Promise<void> {
    const batch = this.#batch();
    putPromises(batch, promised);
    await this.#host.guarded(() => batch.write(SYNCED));
    this.#host.became({ promised });
  }

  #batch(): LevelBatch {
    const batch = this.#host.level().batch();
    putWitness(batch, this.#host.facts().head);
    return batch;
  }
}

function refusal(asked: number, { history, promised }: Pick<Facts, 'history' | 'promised'>): SkeinError {
  const counter = Math.max(newestCounter(history), promised.spent);
  const to = promised.outstanding.find((promise) => promise.counter === counter)?.to ?? null;
  const whose = to === null ? 'is spent' : `is promised to ${to}`;
  return new SkeinError('promise_refused', `epoch ${asked} cannot be promised: ${counter} ${whose}`, { counter, to });
}
