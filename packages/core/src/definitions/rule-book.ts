import { DEFINITIONS, definitionSchema, SkeinError, type JsonText, type JsonValue } from '@skein/protocol';
import { readStoredDocument, valueTextOf } from '../document.ts';
import { asBuffer } from '../bytes.ts';
import { documentRange, parseDocumentKey } from '../level/layout.ts';
import type { Level } from '../level/level.ts';
import type { WalkedChange } from '../write/walk-records.ts';
import type { IndexSpec } from '../indexes/index-spec.ts';
import { Rules } from './rules.ts';

/**
 * The rules of every collection that has a definition, as the documents of `$definitions` say. Schemas are compiled when
 * somebody needs them: a follower never does.
 */
export class RuleBook {
  readonly #stored: Map<string, JsonText>;
  readonly #rules = new Map<string, Rules>();

  static async load(level: Level): Promise<RuleBook> {
    const stored = new Map<string, JsonText>();
    for await (const [levelKey, value] of level.iterator(documentRange(DEFINITIONS, '')))
      stored.set(parseDocumentKey(levelKey).key, valueTextOf(readStoredDocument(asBuffer(value), levelKey)));
    return new RuleBook(stored);
  }

  private constructor(stored: Map<string, JsonText>) {
    this.#stored = stored;
  }

  /** Learns of changes that are durable. Answers whether any was of a definition. */
  note(changes: readonly WalkedChange[]): boolean {
    let isOther = false;
    for (const { collection, levelKey, stored } of changes) {
      if (collection !== DEFINITIONS) continue;
      const { key } = parseDocumentKey(levelKey);
      if (stored === null) this.#stored.delete(key);
      else this.#stored.set(key, valueTextOf(readStoredDocument(stored, levelKey)));
      this.#rules.delete(key);
      isOther = true;
    }
    return isOther;
  }

  collections(): Iterable<string> {
    return this.#stored.keys();
  }

  get isEmpty(): boolean {
    return this.#stored.size === 0;
  }

  /** Undefined for a collection of which nothing is asked; throws where this version of Skein cannot tell what is. */
  of(collection: string): Rules | undefined {
    const stored = this.#stored.get(collection);
    if (stored === undefined) return undefined;
    const known = this.#rules.get(collection);
    if (known !== undefined) return known;
    const rules = rulesOf(collection, JSON.parse(stored) as JsonValue);
    this.#rules.set(collection, rules);
    return rules;
  }

  /** The rules by which documents of a collection expire, where that can be told. */
  expiringRulesOf(collection: string): Rules | undefined {
    return this.#stored.has(collection) && this.specsOf(collection).some(({ kind }) => kind === 'expiry')
      ? this.of(collection)
      : undefined;
  }

  hasUnique(collection: string): boolean {
    return this.#stored.has(collection) && this.specsOf(collection).some(isUnique);
  }

  looksBack(collection: string): boolean {
    return this.specsOf(collection).some((spec) => spec.kind === 'expiry' || isUnique(spec));
  }

  /** The indexes that a collection is to have: none where it cannot be told. */
  specsOf(collection: string): readonly IndexSpec[] {
    try {
      return this.of(collection)?.specs ?? [];
    } catch {
      return [];
    }
  }
}

function isUnique(spec: IndexSpec): boolean {
  return spec.kind === 'fields' && spec.unique;
}

function rulesOf(collection: string, stored: JsonValue): Rules {
  const parsed = definitionSchema.safeParse(stored);
  if (parsed.success) return new Rules(parsed.data);
  throw new SkeinError('bad_definition', `this version of Skein cannot read the definition of ${collection}`);
}
