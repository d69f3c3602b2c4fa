import { DEFINITIONS, type Definition } from '@skein/protocol';
import type { WriteAsked } from '../history.ts';
import type { Rng } from '../world/rng.ts';
import { COLLECTIONS, replicasOf, type MakeWrite } from './make-write.ts';

/** Somebody has to be able to write there whatever was defined, so the first collection is left alone. */
const DEFINED = COLLECTIONS[1];

/** A definition is a write like any other: its title names it. */
export const makeDefinition: MakeWrite = (id, client, random, cast) => {
  const definition = drawDefinition(String(id), random);
  const idempotencyKey = random.chance(0.5) ? `write-${id}` : undefined;
  const valueText = JSON.stringify(definition);
  const operations: WriteAsked['operations'] = [{ op: 'put', collection: DEFINITIONS, key: DEFINED, valueText }];
  const keyed = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
  return {
    write: { id, client, idempotencyKey, operations, replicas: replicasOf(cast, 0) },
    request: {
      method: 'PUT',
      path: `/v1/definitions/${DEFINED}${random.chance(0.3) ? '?strict=true' : ''}`,
      headers: { 'content-type': 'application/json', ...keyed },
      body: Buffer.from(valueText),
    },
  };
};

/** In the order in which it is stored. */
function drawDefinition(title: string, random: Rng): Definition {
  const limit = random.chance(0.4) ? { properties: { padding: { maxLength: 20 + random.below(30) } } } : {};
  const byPadding = { name: 'by-padding', fields: ['padding', 'by'] };
  const unique = { name: 'unique', fields: ['padding'], unique: true };
  const indexes = random.pick([[], [byPadding], [unique], [byPadding, unique]]);
  return { schema: { title, ...limit }, indexes };
}
