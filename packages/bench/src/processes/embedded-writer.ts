import { openDatabase } from 'skein';
import { COLLECTION, documentText, keyOf, Random, shuffledIds } from '../documents.ts';
import { given, machineMs, sayLast } from './stage-hand.ts';

/** A program that holds the database itself, with writers that each wait for their write before they make the next. */

interface Given {
  readonly directory: string;
  readonly documents: number;
  /** How many more are written before the clock starts: what is measured is a program that has been running for a while. */
  readonly warmUp: number;
  readonly writers: number;
  /** What is defined of the collection before. */
  readonly definition: 'none' | 'schema' | 'index';
}

const SCHEMA = {
  type: 'object',
  required: ['id', 'text'],
  properties: { id: { type: 'integer', minimum: 0 }, text: { type: 'string', maxLength: 1000 } },
  additionalProperties: false,
};
const DEFINITIONS = {
  none: {},
  schema: { schema: SCHEMA },
  index: { indexes: [{ name: 'by-id', fields: ['id'] }] },
} as const;

const { directory, documents, warmUp, writers, definition } = given() as Given;
const db = await openDatabase({ data: directory, scrubEveryMs: null });
if (definition !== 'none') await db.define(COLLECTION, DEFINITIONS[definition]);
await db.indexed();
const random = new Random(1);
const all = shuffledIds(warmUp + documents).map((id) => ({
  key: keyOf(id),
  value: JSON.parse(documentText(id, random)) as object,
}));
const collection = db.collection<object>(COLLECTION);

/** Writes all but so many. */
async function writeUntil(left: number): Promise<void> {
  while (all.length > left) {
    const next = all.pop()!;
    await collection.put(next.key, next.value);
  }
}

await Promise.all(Array.from({ length: writers }, () => writeUntil(documents)));
const startedAt = machineMs();
await Promise.all(Array.from({ length: writers }, () => writeUntil(0)));
const seconds = (machineMs() - startedAt) / 1000;
await db.close();
sayLast({ seconds });
