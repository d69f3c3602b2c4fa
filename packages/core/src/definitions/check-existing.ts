import { formatPosition, type Violation } from '@skein/protocol';
import type { Document } from '../document.ts';
import type { IsHidden } from '../documents.ts';
import { indexedFields, type IndexSpec } from '../indexes/index-spec.ts';
import { pointerTo } from '../indexes/field.ts';
import type { Snapshot } from '../snapshot.ts';
import { Alike } from './alike.ts';
import type { Rules } from './rules.ts';

/** How the documents of a collection stand to a definition. */
export interface ExistingReport {
  /** As of when. */
  readonly position: string;
  readonly documents: number;
  readonly broken: number;
  /** The first of them. */
  readonly examples: readonly { readonly key: string; readonly violations: readonly Violation[] }[];
}

export interface ExistingParts {
  readonly collection: string;
  readonly rules: Rules;
  readonly isHidden: IsHidden;
  readonly signal?: AbortSignal | undefined;
}

const EXAMPLES_MAX = 20;

type UniqueSpec = IndexSpec & { kind: 'fields' };

/**
 * Holds all documents of a collection against rules, as of a snapshot, which it closes. What is alike shows only when all has
 * been seen, so a unique index takes two passes: the first remembers eight bytes of each document.
 */
export async function checkExisting(snapshot: Snapshot, parts: ExistingParts): Promise<ExistingReport> {
  try {
    const unique = parts.rules.specs.filter((spec): spec is UniqueSpec => spec.kind === 'fields' && spec.unique);
    const alike = await findAlike(snapshot, parts, unique);
    let documents = 0;
    let broken = 0;
    const examples: { key: string; violations: readonly Violation[] }[] = [];
    for await (const document of documentsOf(snapshot, parts)) {
      documents++;
      const { ts, value, key } = document;
      const violations = [...parts.rules.violationsOf({ ts, value }), ...notUnique(document, unique, alike)];
      if (violations.length === 0) continue;
      broken++;
      if (examples.length < EXAMPLES_MAX) examples.push({ key, violations });
    }
    return { position: formatPosition(snapshot.position), documents, broken, examples };
  } finally {
    await snapshot.close();
  }
}

async function* documentsOf(
  { documents }: Snapshot,
  { collection, isHidden, signal }: ExistingParts,
): AsyncGenerator<Document> {
  for await (const document of documents.iterate(collection)) {
    signal?.throwIfAborted();
    if (!isHidden(collection, document)) yield document;
  }
}

async function findAlike(
  snapshot: Snapshot,
  parts: ExistingParts,
  unique: readonly UniqueSpec[],
): Promise<ReadonlyMap<UniqueSpec, ReadonlySet<bigint>>> {
  const seen = new Map(unique.map((spec) => [spec, new Alike()]));
  if (unique.length > 0) {
    for await (const document of documentsOf(snapshot, parts))
      for (const [spec, fields] of seen) fields.add(indexedFields(spec, document));
  }
  return new Map([...seen].map(([spec, fields]) => [spec, fields.repeated()]));
}

function notUnique(
  document: Document,
  unique: readonly UniqueSpec[],
  alike: ReadonlyMap<UniqueSpec, ReadonlySet<bigint>>,
): readonly Violation[] {
  return unique
    .filter((spec) => Alike.has(alike.get(spec)!, indexedFields(spec, document)))
    .map(({ name, fields }) => ({
      path: pointerTo(fields[0]!),
      rule: 'unique',
      message: `is the same as another document has, by the index ${name}`,
    }));
}
