import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSkeinError } from './errors.ts';
import { checkJson, parseJson, type JsonValue } from './json.ts';

const refused = (code: string): unknown => expect.objectContaining({ code });
const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const nestedObjects = (levels: number): string => `${'{"a":'.repeat(levels)}0${'}'.repeat(levels)}`;

describe('JSON from outside', () => {
  it.each([nested(64), nestedObjects(64), `[${nested(63)},${nested(63)}]`])('may be nested 64 levels deep', (text) => {
    expect(JSON.stringify(parseJson(text))).toBe(text);
  });

  it.each([nested(65), nestedObjects(65), `[0,${nested(64)}]`, nested(100_000)])('is refused at 65 levels', (text) => {
    expect(() => parseJson(text)).toThrow(refused('too_deep'));
  });

  it('is measured against another depth on request', () => {
    expect(parseJson('[[]]', 2)).toEqual([[]]);
    expect(() => parseJson('[[]]', 1)).toThrow(refused('too_deep'));
    expect(parseJson('0', 0)).toBe(0);
  });

  it.each(['1e400', '-1e400', '[1,{"a":[1e309]}]'])('is refused with a number no double can hold: %s', (text) => {
    expect(() => parseJson(text)).toThrow(refused('bad_number'));
  });

  it.each(['1e308', '-0', '5e-324', '1e-400', '9007199254740993'])('may hold the number %s, as a double', (text) => {
    expect(parseJson(text)).toBe(Number(text));
  });

  it.each(['', ' ', '{', '{"a":}', "{'a':1}", '[1,]', 'NaN', 'undefined', '01', '"\n"', '"\\x"', '1 2', '\ufeff1'])(
    'is refused when it is not well-formed: %j',
    (text) => {
      expect(() => parseJson(text)).toThrow(refused('bad_json'));
    },
  );

  it('keeps __proto__ as a property like any other', () => {
    const text = '{"__proto__":{"admin":true},"a":{"__proto__":[1]}}';
    const value = parseJson(text) as Record<string, JsonValue>;
    expect(Object.keys(value)).toEqual(['__proto__', 'a']);
    expect(JSON.stringify(value)).toBe(text);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect('admin' in {}).toBe(false);
  });

  it('is checked below __proto__ too', () => {
    expect(() => parseJson('{"__proto__":1e400}')).toThrow(refused('bad_number'));
    expect(() => parseJson(`{"__proto__":${nested(64)}}`)).toThrow(refused('too_deep'));
  });

  it('is parsed as JSON.parse does, or refused with a code', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        try {
          expect(parseJson(text)).toStrictEqual(JSON.parse(text));
        } catch (error) {
          if (!isSkeinError(error, 'bad_json')) throw error;
          expect(() => JSON.parse(text) as unknown).toThrow();
        }
      }),
    );
  });
});

describe('JSON in memory', () => {
  it.each([Number.NaN, Infinity, -Infinity])('is refused with %d, which has no JSON text', (number) => {
    expect(() => checkJson({ a: [number] }, 64)).toThrow(refused('bad_number'));
  });

  it('counts no depth for scalars', () => {
    for (const scalar of [null, true, 'text', 1]) expect(() => checkJson(scalar, 0)).not.toThrow();
  });
});
