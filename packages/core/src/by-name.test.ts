import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByName } from './by-name.ts';

const names = fc.record({ collection: fc.constantFrom('a', 'b', 'ab'), key: fc.constantFrom('a', 'b', 'ab', '\0') });
const notes = fc.array(fc.tuple(names, fc.option(fc.nat(), { nil: undefined })));

it('keeps what was set last for each name, undefined as well, and counts the names', () => {
  fc.assert(
    fc.property(notes, names, (given, asked) => {
      const byName = new ByName<number | undefined>();
      const expected = new Map<string, number | undefined>();
      for (const [name, value] of given) {
        byName.set(name, value);
        expected.set(JSON.stringify(name), value);
      }
      const text = JSON.stringify(asked);
      expect([byName.has(asked), byName.get(asked)]).toStrictEqual([expected.has(text), expected.get(text)]);
      expect(byName.size).toBe(expected.size);
      const found = [...byName].map(({ collection, key, value }) => [JSON.stringify({ collection, key }), value]);
      expect(new Map(found as [string, number | undefined][])).toStrictEqual(expected);
      expect(found.length).toBe(expected.size);
    }),
  );
});
