import { describe, expect, it } from 'vitest';
import type { EncodedPage } from './encode-page.ts';
import { KeptPages } from './kept-pages.ts';

const pageOf = async (bytes: number): Promise<EncodedPage> => ({ body: Buffer.alloc(bytes) }) as EncodedPage;

/** Lets what has been settled be noticed. */
const noticed = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function keysIn(pages: KeptPages, keys: string): string {
  return keys.replaceAll(/./g, (key) => (pages.get(key) === undefined ? '' : key));
}

describe('pages that may be asked for again', () => {
  it('are kept up to so many bytes, the newest of them', async () => {
    const pages = new KeptPages(100);
    for (const key of ['a', 'b', 'c', 'd']) {
      pages.add(key, pageOf(40));
      await noticed();
    }
    expect(keysIn(pages, 'abcd')).toBe('cd');
    pages.add('e', pageOf(101));
    await noticed();
    expect(keysIn(pages, 'abcde')).toBe('');
    pages.add('f', pageOf(100));
    await noticed();
    expect(keysIn(pages, 'f')).toBe('f');
  });

  it('are kept while they are being made, however many, and let go when that fails', async () => {
    const pages = new KeptPages(100);
    let fail: (error: Error) => void = () => undefined;
    pages.add('a', new Promise<EncodedPage>((_, reject) => (fail = reject)));
    for (const key of ['b', 'c', 'd']) pages.add(key, new Promise<EncodedPage>(() => undefined));
    expect(keysIn(pages, 'abcd')).toBe('abcd');
    fail(new Error('the disk'));
    await noticed();
    expect(keysIn(pages, 'abcd')).toBe('bcd');
  });

  it('are none after all were let go, also of those that were under way', async () => {
    const pages = new KeptPages(100);
    let finish: (page: EncodedPage) => void = () => undefined;
    pages.add('a', new Promise<EncodedPage>((resolve) => (finish = resolve)));
    pages.add('b', pageOf(60));
    await noticed();
    pages.clear();
    finish(await pageOf(60));
    await noticed();
    expect(keysIn(pages, 'ab')).toBe('');
    // Nor does any of them take up room.
    for (const key of ['c', 'd']) pages.add(key, pageOf(50));
    await noticed();
    expect(keysIn(pages, 'cd')).toBe('cd');
  });
});
