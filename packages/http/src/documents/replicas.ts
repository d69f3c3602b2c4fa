import type { Clock, Committed } from '@skein/core';
import { formatPosition, SkeinError, type Position } from '@skein/protocol';
import { memberIds, replicasOf, replicatedUpTo, type Member } from '@skein/replication';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SlotBook } from '../feed/slot-book.ts';
import { preferredReplicas, preferredWait } from '../request.ts';
import { Waits } from '../waits.ts';

/** How long an answer waits for the members when the client does not say. */
const WAIT_SECONDS_DEFAULT = 5;

export interface ReplicasOptions {
  readonly slots: SlotBook;
  readonly clock: Clock;
  readonly stopping: AbortSignal;
  /** The log whose acknowledgements count. */
  readonly log: () => string | null;
  /** The other nodes that count; followers beside them read, and do not count. */
  readonly members: () => readonly Member[];
  /** Calls whenever it becomes known who one of them is. */
  readonly onMembers: (listener: () => void) => void;
  /** No write is acknowledged before so many members have it. */
  readonly replicasMin: number;
  /** Makes sure that no other node leads as far as the members know; passes at once where that is known. */
  readonly assure: () => Promise<void> | undefined;
  /** Whether what is written here may be said to be written. */
  readonly mayAcknowledge: () => boolean;
}

/** How many members are to have a write before it is acknowledged, and how long that may take. */
interface Level {
  readonly replicas: number;
  readonly waitMs: number;
  /** The client asked for replicas, if only for none. */
  readonly isAsked: boolean;
}

/**
 * Holds the acknowledgement of a write back until enough members have said that they have it durably. When they do not in
 * time, the write is refused as what it is: committed here, and not there yet. It is never acknowledged for less.
 */
export class Replicas {
  readonly #options: ReplicasOptions;
  readonly #levelHere: Level;
  readonly #waits: Waits<void>;
  /** What has been worked out since the last acknowledgement, by the number of members. */
  readonly #upTo = new Map<number, number>();

  constructor(options: ReplicasOptions) {
    this.#options = options;
    this.#levelHere = { replicas: options.replicasMin, waitMs: WAIT_SECONDS_DEFAULT * 1000, isAsked: false };
    this.#waits = new Waits(options.clock, options.stopping);
    const lookAgain = (): void => {
      this.#upTo.clear();
      this.#waits.tell();
    };
    options.slots.subscribe(lookAgain);
    options.onMembers(lookAgain);
  }

  /** The other members, each with whether its acknowledgements count now. */
  describe(): Readonly<Record<string, unknown>> {
    const { members, replicasMin } = this.#options;
    const ids = this.#ids();
    return {
      members: members().map(({ url, node }) => ({ url, node, counts: node !== null && ids.has(node) })),
      min_replicas: replicasMin,
    };
  }

  /** Commits for a client that may want more than is configured, and answers when that is so. */
  async commit(request: FastifyRequest, reply: FastifyReply, commit: () => Promise<Committed>): Promise<Committed> {
    const level = this.levelOf(request);
    const committed = await commit();
    const reaching = this.reached(committed.position, level, reply);
    if (reaching !== undefined) await reaching;
    return committed;
  }

  /** The same for who writes from within this process, and gets what is configured; most often there is one thing to wait for. */
  commitHere(commit: () => Promise<Committed>): Promise<Committed> {
    const assuring = this.#options.assure();
    const committing = assuring === undefined ? commit() : assuring.then(commit);
    return committing.then((committed) => {
      const reaching = this.reached(committed.position, this.#levelHere);
      return reaching === undefined ? committed : reaching.then(() => committed);
    });
  }

  /** What is to be waited for; asked before anything is written, since it may be what cannot be. */
  levelOf(request: FastifyRequest): Level {
    const { replicasMin, members } = this.#options;
    const asked = preferredReplicas(request);
    const replicas = Math.max(replicasMin, asked ?? 0);
    const count = replicas === 0 ? 0 : members().length;
    if (replicas > count)
      throw new SkeinError('bad_header', `replicas=${replicas} cannot be: ${count} other members are configured`);
    const waitMs = (preferredWait(request) ?? WAIT_SECONDS_DEFAULT) * 1000;
    return { replicas, waitMs, isAsked: asked !== undefined };
  }

  /**
   * Resolves when a position is on so many members, and says so where it was asked for; undefined when there is nothing to
   * wait for, which is most often.
   */
  reached(position: Position, level: Level, reply?: FastifyReply): Promise<void> | undefined {
    if (level.isAsked || level.replicas > 0) return this.#reach(position, level, reply);
    const assuring = this.#options.assure();
    if (assuring !== undefined) return assuring.then(() => this.#assertLeading(position));
    this.#assertLeading(position);
    return undefined;
  }

  async #reach(position: Position, { replicas, waitMs, isAsked }: Level, reply?: FastifyReply): Promise<void> {
    if (replicas > 0) await this.#wait(position, { replicas, waitMs }, reply);
    await this.#options.assure();
    this.#assertLeading(position);
    if (isAsked) reply?.header('preference-applied', `replicas=${replicas}`);
  }

  #assertLeading(position: Position): void {
    if (!this.#options.mayAcknowledge())
      throw new SkeinError('outcome_unknown', 'committed here, but this node leads no longer', {
        position: formatPosition(position),
      });
  }

  async #wait(position: Position, { replicas, waitMs }: Omit<Level, 'isAsked'>, reply?: FastifyReply): Promise<void> {
    const isReached = (): boolean => position.offset <= this.#replicatedUpTo(replicas);
    if ((await this.#waits.until(isReached, waitMs, reply)) === 'happened') return;
    const count = replicasOf(this.#options.slots.all(), this.#ids(), position);
    const details = { position: formatPosition(position), replicas: count, wanted: replicas };
    throw new SkeinError('under_replicated', `committed here; ${count} of ${replicas} members have it`, details);
  }

  #replicatedUpTo(replicas: number): number {
    const known = this.#upTo.get(replicas);
    if (known !== undefined) return known;
    const upTo = replicatedUpTo(this.#options.slots.all(), this.#ids(), replicas);
    this.#upTo.set(replicas, upTo);
    return upTo;
  }

  #ids(): ReadonlySet<string> {
    return memberIds(this.#options.members(), this.#options.log());
  }
}
