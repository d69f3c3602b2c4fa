import type { Readable } from 'node:stream';
import type { Snapshot } from '@skein/core';
import type { NodeLink } from '@skein/http';
import { describe, expect, it } from 'vitest';
import { submit } from './submit.ts';

const items = Array.from({ length: 9 }, (_, i) => ({ collection: 'c', key: `k${i}` }));
const lineOf = ({ collection, key }: (typeof items)[number]): string =>
  `{"offset":1,"ts":1,"origin":"a","stamp":"1.1.abc","collection":"${collection}","key":"${key}","op":"put","value":1}`;
const mine = {
  named: async (names: typeof items) => ({
    lines: names.map((name) => Buffer.from(lineOf(name))),
    looked: names.length,
  }),
} as unknown as Snapshot;

/** A peer that refuses every body with one of some keys in it. */
function peer(keys: readonly string[], status: number) {
  const came: string[] = [];
  const link = {
    request: async ({ body }: { readonly body: Readable }) => {
      const text = Buffer.concat(await body.toArray()).toString();
      const lines = text.trimEnd().split('\n');
      const isRefused = keys.some((key) => text.includes(`"${key}"`));
      if (!isRefused) came.push(...lines);
      const answer = isRefused ? { code: 'bad_record', detail: 'no' } : { taken: lines.length };
      return {
        status: isRefused ? status : 200,
        headers: {},
        body: { text: async () => JSON.stringify(answer) },
      };
    },
  } as unknown as NodeLink;
  return { came, to: { link, answerMs: 1, signal: new AbortController().signal } };
}

describe('documents that are sent to a peer', () => {
  it.each([400, 413])('come there, all but those that it refuses alone with %i', async (status) => {
    const { came, to } = peer(['k2', 'k8'], status);
    expect(await submit(to, items, mine)).toStrictEqual({
      taken: 7,
      refused: { count: 2, reason: 'c/k2: bad_record: no' },
    });
    expect(came).toStrictEqual(items.filter(({ key }) => key !== 'k2' && key !== 'k8').map(lineOf));
  });

  it('are not sent one by one to a peer that cannot take anything now', async () => {
    await expect(submit(peer(['k2'], 503).to, items, mine)).rejects.toThrow('bad_record: no');
  });
});
