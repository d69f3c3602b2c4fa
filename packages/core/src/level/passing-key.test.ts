import fc from 'fast-check';
import { expect, it } from 'vitest';
import { documentKey } from './layout.ts';
import { passingDocumentKey } from './passing-key.ts';

const collection = fc.stringMatching(/^\$?[A-Za-z0-9_-]{1,64}$/);
const key = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 300 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
);

it('a key that passes is the document’s key, whatever the one before it was', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(collection, key), { maxLength: 20 }), (names) => {
      for (const name of names) expect(passingDocumentKey(...name).equals(documentKey(...name))).toBe(true);
    }),
  );
});
