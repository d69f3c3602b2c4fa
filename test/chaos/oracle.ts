import type { Change } from '@skein/protocol';

/** One write a client asked for. Its id is in every value it writes, so that its changes can be told in the feed. */
export interface Attempt {
  readonly id: string;
  /** How many changes it makes. They come together or not at all. */
  readonly changes: number;
  /** Whether they are one transaction. */
  readonly isTransaction: boolean;
}

/** What a client was told when a write was acknowledged. */
export interface Acknowledgement {
  readonly position: string;
}

type Outcome = 'unknown' | 'refused' | 'acknowledged';

interface Entry extends Attempt {
  outcome: Outcome;
  positions: string[];
}

/**
 * Remembers what clients asked for and what they were told, and holds a feed against it:
 *
 * - acknowledged: there, once, whole, where the answer said;
 * - refused: not there;
 * - anything else: there once and whole, or not there;
 * - nothing is there that nobody asked for.
 */
export class Oracle {
  readonly #entries = new Map<string, Entry>();
  #acknowledged = 0;

  /** How many writes have been acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  asked(attempt: Attempt): void {
    this.#entries.set(attempt.id, { ...attempt, outcome: 'unknown', positions: [] });
  }

  /** Told again, a retry of the same write must have been told the same. */
  wasAcknowledged(id: string, { position }: Acknowledgement): void {
    const entry = this.#entries.get(id)!;
    if (entry.outcome !== 'acknowledged') this.#acknowledged++;
    entry.outcome = 'acknowledged';
    entry.positions.push(position);
  }

  wasRefused(id: string): void {
    this.#entries.get(id)!.outcome = 'refused';
  }

  /** Every write acknowledged so far; to be checked against a feed that is read afterwards. */
  acknowledgedIds(): readonly string[] {
    return [...this.#entries.values()].filter(({ outcome }) => outcome === 'acknowledged').map(({ id }) => id);
  }

  /** Throws unless the feed, whole and from the beginning, is what these clients may expect. `mustHave` is checked to be there. */
  check(feed: readonly Change[], mustHave: readonly string[] = this.acknowledgedIds()): void {
    const found = new Map<string, Change[]>();
    const ids = idsOf(feed);
    for (const [i, change] of feed.entries()) {
      const id = ids[i]!;
      if (!this.#entries.has(id)) throw new Error(`offset ${change.offset} is a change of nobody's: ${id}`);
      const changes = found.get(id) ?? [];
      found.set(id, changes);
      changes.push(change);
    }
    for (const id of mustHave) if (!found.has(id)) throw new Error(`${id} was acknowledged and is lost`);
    for (const [id, changes] of found) checkChanges(this.#entries.get(id)!, changes);
  }
}

/**
 * Whose change each is. Values are `{ id, … }`, or texts to which one `id,` after the other was appended; a delete is of the
 * transaction it stands in.
 */
function idsOf(feed: readonly Change[]): readonly string[] {
  const ofTransactions = new Map<number, string>();
  for (const { tx, value } of feed) if (tx !== undefined && value !== undefined) ofTransactions.set(tx, idIn(value));
  return feed.map(({ op, tx, value }) => (op === 'delete' ? (ofTransactions.get(tx ?? 0) ?? 'a delete') : idIn(value)));
}

function idIn(value: unknown): string {
  return typeof value === 'string' ? value.split(',').at(-2)! : String((value as { id: unknown }).id);
}

function checkChanges(
  { id, changes: count, isTransaction, outcome, positions }: Entry,
  changes: readonly Change[],
): void {
  const last = changes.at(-1)!.offset;
  if (outcome === 'refused') throw new Error(`${id} was refused and is at ${last}`);
  if (changes.length !== count) throw new Error(`${id} has ${changes.length} changes, not ${count}`);
  if (last - changes[0]!.offset !== count - 1) throw new Error(`the changes of ${id} do not stand together`);
  if (isTransaction && changes.some(({ tx }) => tx !== last)) throw new Error(`${id} is not one transaction`);
  for (const position of positions) {
    if (Number(position.split('.', 1)[0]) !== last) throw new Error(`${id} is at ${last}; its answer said ${position}`);
  }
}
