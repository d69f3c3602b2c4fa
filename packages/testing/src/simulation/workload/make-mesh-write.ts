import { COUNTERS, makeWriteOf, name, oneOperation, TEXTS, type DrawOperation, type MakeWrite } from './make-write.ts';

/** In a mesh all that there is to do to a document is done: what travels is always what came of it. */
export const makeMeshWrite: MakeWrite = (...asked) => makeWriteOf(drawOperation, ...asked);

const drawOperation: DrawOperation = (id, random) => {
  const dice = random.unit();
  if (dice < 0.05) return { op: 'decrement', collection: 'counters', key: random.pick(COUNTERS) };
  if (dice < 0.08) return { op: 'prepend', collection: 'texts', key: random.pick(TEXTS) };
  if (dice < 0.18) return { op: 'patch', ...name(random), valueText: JSON.stringify({ by: String(id) }) };
  if (dice < 0.28) return { op: 'delete', ...name(random) };
  return oneOperation(id, random);
};
