import type { JsonValue } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeByTheBook } from '../../test/store-model.ts';
import { mergePatch } from './merge-patch.ts';

/** RFC 7396, appendix A: original, patch, result. */
const APPENDIX: readonly (readonly [JsonValue, JsonValue, JsonValue])[] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

const value = fc.jsonValue({ depthSize: 'small' }).map((given) => JSON.parse(JSON.stringify(given)) as JsonValue);
const names = fc.constantFrom('a', 'b', 'c', '0');
const { tree } = fc.letrec<{ tree: JsonValue }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<JsonValue>(null, 1, 'x', []),
    fc.dictionary(names, tie('tree'), { noNullPrototype: true }),
  ),
}));

describe('mergePatch', () => {
  it.each(APPENDIX)('makes of %j patched with %j: %j', (original, patch, result) => {
    expect(mergePatch(original, patch)).toStrictEqual(result);
  });

  it('does what the pseudocode of RFC 7396 does, also where there is nothing', () => {
    fc.assert(
      fc.property(fc.option(tree, { nil: undefined }), tree, (target, patch) => {
        expect(mergePatch(target, patch)).toStrictEqual(mergeByTheBook(target, patch));
      }),
    );
  });

  it('leaves what it is given alone', () => {
    fc.assert(
      fc.property(tree, tree, (target, patch) => {
        const before = JSON.stringify([target, patch]);
        mergePatch(target, patch);
        expect(JSON.stringify([target, patch])).toBe(before);
      }),
    );
  });

  it('done twice is done once', () => {
    fc.assert(
      fc.property(value, value, (target, patch) => {
        const once = mergePatch(target, patch);
        expect(mergePatch(once, patch)).toStrictEqual(once);
      }),
    );
  });

  it('knows no name that is not like any other', () => {
    const target = JSON.parse('{"__proto__":{"a":1},"constructor":{"b":1},"toString":1}') as JsonValue;
    const patch = JSON.parse('{"__proto__":{"c":2},"constructor":null,"hasOwnProperty":{"d":null}}') as JsonValue;
    expect(JSON.stringify(mergePatch(target, patch))).toBe(
      '{"__proto__":{"a":1,"c":2},"toString":1,"hasOwnProperty":{}}',
    );
    expect(JSON.stringify(mergePatch({}, patch))).toBe('{"__proto__":{"c":2},"hasOwnProperty":{}}');
    expect(({} as Record<string, unknown>)['c']).toBeUndefined();
  });
});
