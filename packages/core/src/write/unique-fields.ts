import { SkeinError } from '@skein/protocol';
import { entryPrefixOf, type Index } from '../indexes/index-book.ts';
import type { IndexedDocument } from '../indexes/index-spec.ts';
import { withIndex } from './plan-operation.ts';

/** Keys of stored documents that have some fields of a unique index; undefined where nobody has looked. */
export type StoredHolders = (fields: string) => readonly string[] | undefined;

/** What one request does to one document. */
export interface DocumentChange {
  readonly unique: readonly Index[];
  readonly key: string;
  readonly before: IndexedDocument | undefined;
  readonly after: IndexedDocument | undefined;
  /** Which operation of a transaction did it. */
  readonly operation: number | undefined;
}

/** A document comes to have some fields, or has them no longer. */
interface Hold {
  readonly fields: string;
  readonly key: string;
  readonly isHeld: boolean;
}

/**
 * Whose the fields of unique indexes are, as a group of writes goes on. A transaction is judged by what it leaves: two
 * documents may change places in it. What the store has to be asked for is noted, and taken for nobody's meanwhile.
 */
export class UniqueFields {
  readonly unknown = new Set<string>();
  readonly #stored: StoredHolders;
  /** What the requests before have done. */
  readonly #held = new Map<string, Map<string, boolean>>();
  #pending: readonly Hold[] = [];

  constructor(stored: StoredHolders) {
    this.#stored = stored;
  }

  /** Throws when a request would leave two documents alike; `take` takes it on. */
  check(changes: readonly DocumentChange[]): void {
    this.#pending = changes.flatMap(holdsOf);
    const released = new Set(
      this.#pending.filter(({ isHeld }) => !isHeld).map(({ fields, key }) => `${fields} ${key}`),
    );
    const taken = new Map<string, string>();
    for (const change of changes) {
      withIndex(change.operation, () => {
        for (const index of change.unique) {
          const fields = gained(index, change);
          if (fields === undefined) continue;
          const other =
            taken.get(fields) ??
            this.#holders(fields).find((key) => key !== change.key && !released.has(`${fields} ${key}`));
          if (other !== undefined) throw notUnique(index, other);
          taken.set(fields, change.key);
        }
      });
    }
  }

  take(): void {
    for (const { fields, key, isHeld } of this.#pending) {
      const held = this.#held.get(fields) ?? new Map<string, boolean>();
      this.#held.set(fields, held.set(key, isHeld));
    }
    this.#pending = [];
  }

  #holders(fields: string): readonly string[] {
    const stored = this.#stored(fields);
    if (stored === undefined) this.unknown.add(fields);
    const changed = this.#held.get(fields) ?? new Map<string, boolean>();
    const left = (stored ?? []).filter((key) => changed.get(key) !== false);
    return [...left, ...[...changed].filter(([, isHeld]) => isHeld).map(([key]) => key)];
  }
}

function holdsOf({ unique, key, before, after }: DocumentChange): readonly Hold[] {
  return unique.flatMap((index) => {
    const [had, has] = [fieldsOf(index, before), fieldsOf(index, after)];
    if (had === has) return [];
    return [
      ...(had === undefined ? [] : [{ fields: had, key, isHeld: false }]),
      ...(has === undefined ? [] : [{ fields: has, key, isHeld: true }]),
    ];
  });
}

/** The fields that a document has now and had not before. */
function gained(index: Index, { before, after }: DocumentChange): string | undefined {
  const has = fieldsOf(index, after);
  return has === fieldsOf(index, before) ? undefined : has;
}

function fieldsOf(index: Index, document: IndexedDocument | undefined): string | undefined {
  return document === undefined ? undefined : entryPrefixOf(index, document)?.toString('latin1');
}

function notUnique({ spec }: Index, other: string): SkeinError {
  return new SkeinError('not_unique', `${JSON.stringify(other)} is the same by the index ${spec.name}`, {
    index: spec.name,
    key: other,
  });
}
