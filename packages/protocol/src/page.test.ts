import { describe, expect, it } from 'vitest';
import { jsonPageFrame, pageSchema, type PageFacts } from './page.ts';
import { START } from './position.ts';

const EMPTY: PageFacts = {
  log: 'f00d',
  epoch: '1-00000000',
  since: START,
  next: START,
  head: { offset: 0, ts: null },
  tail: 1,
  upToDate: true,
};

const page = (changes: string): Record<string, unknown> => {
  const { before, after } = jsonPageFrame(EMPTY);
  return JSON.parse(`${before}${changes}${after}`) as Record<string, unknown>;
};

const CHANGE = '{"offset":1,"ts":0,"origin":"n","collection":"c","key":"k","op":"put","value":null}';

describe('a JSON page', () => {
  it('is JSON with none, one or several changes in its frame', () => {
    for (const changes of ['', CHANGE, `${CHANGE},${CHANGE}`])
      expect(pageSchema.parse(page(changes))).toEqual(page(changes));
  });

  it('brings every value as it came, __proto__ included', () => {
    const values = '{"__proto__":{"a":[1,null]}}';
    const [change] = pageSchema.parse(page(CHANGE.replace('null', values))).changes;
    expect(JSON.stringify(change!.value)).toBe(values);
  });

  it.each([
    ['no log', { log: undefined }],
    ['a tail of 0', { tail: 0 }],
    ['a head that is not a number', { head: { offset: '1', ts: null } }],
    ['a head time left out', { head: { offset: 0 } }],
    ['no changes', { changes: undefined }],
    ['a change without an operation', { changes: [{ offset: 1, ts: 0, origin: 'n', collection: 'c', key: 'k' }] }],
    ['an offset of 0', { changes: [{ ...JSON.parse(CHANGE), offset: 0 }] }],
    ['an offset with a fraction', { changes: [{ ...JSON.parse(CHANGE), offset: 1.5 }] }],
  ])('with %s is refused', (_, changed) => {
    expect(pageSchema.safeParse({ ...page(''), ...changed }).success).toBe(false);
  });
});
