import { SkeinError } from '@skein/protocol';
import { entryPrefixOf, type Index } from '../indexes/index-book.ts';
import type { IndexedDocument } from '../indexes/index-spec.ts';

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

/** What of an index changes with a document: the fields it had, and those it has. */
interface Moved {
  readonly index: Index;
  readonly key: string;
  readonly had: string | undefined;
  readonly has: string | undefined;
  readonly operation: number | undefined;
}

const NOTHING_MOVED: readonly Moved[] = [];

/**
 * Whose the fields of unique indexes are, as a group of writes goes on. A transaction is judged by what it leaves: two
 * documents may change places in it. What the store has to be asked for is noted, and taken for nobody's meanwhile.
 */
export class UniqueFields {
  readonly unknown = new Set<string>();
  readonly #stored: StoredHolders;
  /** What the requests before have done: whether a document has some fields. */
  readonly #held = new Map<string, Map<string, boolean>>();
  #checked: readonly Moved[] = [];

  constructor(stored: StoredHolders) {
    this.#stored = stored;
  }

  /** Throws when a request would leave two documents alike; `take` takes it on. */
  check(changes: readonly DocumentChange[]): void {
    // Whatever a request before has left here, it was refused.
    this.#checked = changes.length === 0 ? NOTHING_MOVED : changes.flatMap(movedBy);
    if (this.#checked.length === 0) return;
    const released = new Set(this.#checked.map(({ had, key }) => `${had} ${key}`));
    const taken = new Map<string, string>();
    for (const { index, key, has, operation } of this.#checked) {
      if (has === undefined) continue;
      const isOther = (holder: string): boolean => holder !== key && !released.has(`${has} ${holder}`);
      const other = taken.get(has) ?? this.#holders(has).find(isOther);
      if (other !== undefined) throw notUnique(index, other, operation);
      taken.set(has, key);
    }
  }

  take(): void {
    for (const { key, had, has } of this.#checked) {
      if (had !== undefined) this.#note(had, key, false);
      if (has !== undefined) this.#note(has, key, true);
    }
    this.#checked = [];
  }

  #note(fields: string, key: string, isHeld: boolean): void {
    const held = this.#held.get(fields) ?? new Map<string, boolean>();
    this.#held.set(fields, held.set(key, isHeld));
  }

  #holders(fields: string): readonly string[] {
    const stored = this.#stored(fields);
    if (stored === undefined) this.unknown.add(fields);
    const changed = this.#held.get(fields) ?? new Map<string, boolean>();
    const left = (stored ?? []).filter((key) => changed.get(key) !== false);
    return [...left, ...[...changed].filter(([, isHeld]) => isHeld).map(([key]) => key)];
  }
}

function movedBy({ unique, key, before, after, operation }: DocumentChange): readonly Moved[] {
  return unique
    .map((index) => ({ index, key, operation, had: fieldsOf(index, before), has: fieldsOf(index, after) }))
    .filter(({ had, has }) => had !== has);
}

function fieldsOf(index: Index, document: IndexedDocument | undefined): string | undefined {
  return document === undefined ? undefined : entryPrefixOf(index, document)?.toString('latin1');
}

function notUnique({ spec }: Index, other: string, operation: number | undefined): SkeinError {
  return new SkeinError('not_unique', `${JSON.stringify(other)} is the same by the index ${spec.name}`, {
    index: spec.name,
    key: other,
    ...(operation === undefined ? {} : { operation }),
  });
}
