import { DEFINITIONS, type Definition } from '@skein/protocol';
import type { WriteAsked } from '../history.ts';
import type { Rng } from '../world/rng.ts';
import { COLLECTIONS, replicasOf, type MakeWrite } from './make-write.ts';

/** Somebody has to be able to write there whatever was defined, so the first collection is left alone. */
const DEFINED = COLLECTIONS[1];

/** Its documents live for a second, once that is defined; nobody asks for their end. */
export const SESSIONS = 'sessions';
const SESSION_KEYS = ['s0', 's1', 's2', 's3'] as const;

/** A definition is a write like any other: its title names it. Whoever defines has sessions, too. */
export const makeDefinition: MakeWrite = (id, client, random, cast) => {
  const idempotencyKey = random.chance(0.5) ? `write-${id}` : undefined;
  const { collection, key, value, query = '' } = drawPut(String(id), random);
  const valueText = JSON.stringify(value);
  const operations: WriteAsked['operations'] = [{ op: 'put', collection, key, valueText }];
  const keyed = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
  const path = collection === DEFINITIONS ? `/v1/definitions/${key}${query}` : `/v1/collections/${collection}/${key}`;
  return {
    write: { id, client, idempotencyKey, operations, replicas: replicasOf(cast, 0) },
    request: {
      method: 'PUT',
      path,
      headers: { 'content-type': 'application/json', ...keyed },
      body: Buffer.from(valueText),
    },
  };
};

interface Put {
  readonly collection: string;
  readonly key: string;
  readonly value: unknown;
  readonly query?: string;
}

function drawPut(name: string, random: Rng): Put {
  if (random.chance(0.4)) return { collection: SESSIONS, key: random.pick(SESSION_KEYS), value: { by: name } };
  if (random.chance(0.3))
    return { collection: DEFINITIONS, key: SESSIONS, value: { schema: { title: name }, ttlSeconds: 1 } };
  const query = random.chance(0.3) ? '?strict=true' : '';
  return { collection: DEFINITIONS, key: DEFINED, value: drawDefinition(name, random), query };
}

/** In the order in which it is stored. */
function drawDefinition(title: string, random: Rng): Definition {
  const limit = random.chance(0.4) ? { properties: { padding: { maxLength: 20 + random.below(30) } } } : {};
  const byPadding = { name: 'by-padding', fields: ['padding', 'by'] };
  const unique = { name: 'unique', fields: ['padding'], unique: true };
  const indexes = random.pick([[], [byPadding], [unique], [byPadding, unique]]);
  return { schema: { title, ...limit }, indexes };
}
