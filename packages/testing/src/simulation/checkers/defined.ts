import { DEFINITIONS, type Definition } from '@skein/protocol';
import { Violation, type Checker, type DocumentsSeen, type IndexSeen, type TimedEvent } from '../history.ts';

type SettledNode = (TimedEvent & { readonly kind: 'settled' })['nodes'][number];

interface DefinedDocument {
  readonly key: string;
  readonly offset: number;
  readonly value: unknown;
}

/**
 * When all is well again, every node keeps the indexes that the definitions name, each of just the documents that have its
 * fields; and what was written behind a definition is as it says.
 */
export class Defined implements Checker {
  readonly name = 'defined (INV-52, INV-53)';

  observe(event: TimedEvent): void {
    if (event.kind !== 'settled') return;
    for (const node of event.nodes) {
      const problem = node.isReady && !node.isDamaged ? problemOf(node) : undefined;
      if (problem !== undefined) throw new Violation(this.name, `${node.node}: ${problem}`);
    }
  }
}

function problemOf({ documents, indexes }: SettledNode): string | undefined {
  for (const [id, { offset, valueText }] of documents) {
    const [collection, key] = id.split('\0') as [string, string];
    if (collection !== DEFINITIONS) continue;
    const definition = JSON.parse(valueText) as Definition;
    const own = documentsOf(documents, key);
    const problem =
      indexProblem(
        definition,
        own,
        indexes.filter((index) => index.collection === key),
      ) ??
      brokenBy(
        definition,
        own.filter((document) => document.offset > offset),
      );
    if (problem !== undefined) return `${key}: ${problem}`;
  }
  return undefined;
}

function documentsOf(documents: DocumentsSeen, collection: string): readonly DefinedDocument[] {
  const found: DefinedDocument[] = [];
  for (const [id, { offset, valueText }] of documents) {
    const [of, key] = id.split('\0') as [string, string];
    if (of === collection) found.push({ key, offset, value: JSON.parse(valueText) });
  }
  return found;
}

function indexProblem(
  { indexes: wanted = [] }: Definition,
  documents: readonly DefinedDocument[],
  kept: readonly IndexSeen[],
): string | undefined {
  if (kept.length !== wanted.length) return `${kept.length} indexes are kept, ${wanted.length} are defined`;
  for (const { name, fields } of wanted) {
    const index = kept.find((one) => one.name === name && String(one.fields) === String(fields));
    if (index?.isReady !== true) return `the index ${name} is not built`;
    const due = keysInOrder(documents, fields);
    if (String(index.keys) !== String(due)) return `the index ${name} has ${index.keys}, and should have ${due}`;
  }
  return undefined;
}

/** Nothing here is nearly as long as an index takes, but for what is far longer. */
const SHORT = 1000;

/** Fields are strings here, of letters whose order is that of their bytes. */
function keysInOrder(documents: readonly DefinedDocument[], fields: readonly string[]): readonly string[] {
  return documents
    .map((document) => ({ key: document.key, values: fields.map((field) => fieldOf(document, field)) }))
    .filter(({ values }) => values.every((value) => value !== undefined) && values.join('').length <= SHORT)
    .map(({ key, values }) => ({ key, place: [...values, key].join('\0') }))
    .toSorted((a, b) => (a.place < b.place ? -1 : 1))
    .map(({ key }) => key);
}

function brokenBy({ schema, indexes = [] }: Definition, documents: readonly DefinedDocument[]): string | undefined {
  const { properties } = schema as { properties?: { padding?: { maxLength?: number } } };
  const lengthMax = properties?.padding?.maxLength ?? Infinity;
  for (const document of documents) {
    const padding = fieldOf(document, 'padding') ?? '';
    if (padding.length > lengthMax) return `${document.key} breaks the schema, which was there before it`;
    const other = documents.find((one) => one !== document && fieldOf(one, 'padding') === padding);
    if (indexes.some(({ unique }) => unique === true) && other !== undefined)
      return `${document.key} and ${other.key} are alike, and were written behind a unique index`;
  }
  return undefined;
}

function fieldOf({ value }: DefinedDocument, field: string): string | undefined {
  const found = (value as Readonly<Record<string, unknown>>)[field];
  return typeof found === 'string' ? found : undefined;
}
