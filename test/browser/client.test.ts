/*
 * The client in Chromium: its built files loaded as they are, in a page of another origin, against a leader and a follower.
 */
import type * as Client from '@skein/client';
import { Cluster, until, type NodeProcess } from '@skein/testing';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasBrowser, INSECURE_HOST, launch, servePage } from './browser.ts';

// What runs in the page finds these there.
declare const skein: typeof Client;
declare const seen: Client.ChangeEvent[];
declare const isSecureContext: boolean;
declare const EventSource: new (url: string) => {
  addEventListener(kind: string, listener: (event: { readonly lastEventId: string }) => void): void;
  close(): void;
};

describe.skipIf(!hasBrowser)('in a browser', () => {
  const cluster = new Cluster();
  let browser: Browser;
  let leader: NodeProcess;
  let follower: NodeProcess;
  let port: number;
  let page: Page;
  /** The follower first: what is read comes from there. */
  let urls: readonly string[];

  async function open(host: string): Promise<Page> {
    const opened = await browser.newPage();
    await opened.goto(`http://${host}:${port}/`);
    await opened.waitForFunction('globalThis.skein !== undefined');
    return opened;
  }

  beforeAll(async () => {
    port = await servePage(cluster);
    const origins = `http://127.0.0.1:${port},http://${INSECURE_HOST}:${port}`;
    const flags = { 'cors-origins': origins, 'retain-changes': 20 };
    [browser, leader] = await Promise.all([launch(), cluster.leader(flags)]);
    cluster.atEnd(() => browser.close());
    follower = await cluster.follower(leader, flags);
    await follower.ready();
    urls = [follower.url, leader.url];
    page = await open('127.0.0.1');
  });
  afterAll(() => cluster.close());

  it('writes through a follower and reads there what it has written', async () => {
    const found = await page.evaluate(async (nodes) => {
      const db = skein.connect(nodes);
      const orders = db.collection<{ readonly total: number; readonly paid?: boolean }>('orders');
      const { version } = await orders.put('ä/1', { total: 42 }, { ifVersion: null });
      const first = await orders.get('ä/1');
      await orders.patch('ä/1', { paid: true }, { ifVersion: version });
      const clash = await orders.put('ä/1', { total: 1 }, { ifVersion: version }).catch((error: unknown) => error);
      const { value } = await db.collection<number>('counters').increment('n', 5);
      await db.transaction().put(orders, 'o-2', { total: 2 }).delete(orders, 'ä/1').commit();
      const lines = Array.from({ length: 1200 }, (_, n) => ({ key: `k-${1000 + n}`, value: n }));
      const loaded = await db.collection('items').load(lines);
      let count = 0;
      for await (const document of db.collection<number>('items').documents())
        count += document.value === count ? 1 : 0;
      const { documents, next } = await db.collection('items').list({ limit: 1, reverse: true });
      return {
        first: first?.value,
        isVersion: first?.version === version,
        code: skein.isSkeinError(clash) && [clash.code, clash.status],
        value,
        left: (await orders.list()).documents.map(({ key }) => key),
        loaded: loaded.count,
        count,
        last: [documents[0]?.key, next],
        role: (await db.status()).role,
        gone: await orders.get('ä/1'),
      };
    }, urls);
    expect(found).toStrictEqual({
      first: { total: 42 },
      isVersion: true,
      code: ['precondition_failed', 412],
      value: 5,
      left: ['o-2'],
      loaded: 1200,
      count: 1200,
      last: ['k-2199', 'k-2199'],
      role: 'follower',
      gone: null,
    });
  });

  it('follows changes through a leader that is killed and started again', async () => {
    await page.evaluate((nodes) => {
      const events: Client.ChangeEvent[] = [];
      Object.assign(globalThis, { seen: events });
      void (async () => {
        for await (const event of skein.connect(nodes).changes({ since: 'now', collections: ['live'] }))
          events.push(event);
      })();
    }, urls.toReversed());
    const keysSeen = () =>
      page.evaluate(() => seen.flatMap((event) => (event.kind === 'change' ? [event.change.key] : [])));
    const write = (key: string) =>
      page.evaluate(async ([nodes, name]) => (await skein.connect(nodes).collection('live').put(name, 1)).key, [
        urls,
        key,
      ] as const);
    await until('it is live', () => page.evaluate(() => seen.some((event) => event.kind === 'position')));
    await write('a');
    await until('the change is there', async () => (await keysSeen()).length === 1);
    await leader.kill();
    const writing = write('b');
    await leader.start();
    expect(await writing).toBe('b');
    await until('the next change is there', async () => (await keysSeen()).length === 2);
    expect(await keysSeen()).toStrictEqual(['a', 'b']);
    expect(await page.evaluate(() => seen.some((event) => event.kind === 'reset'))).toBe(false);
  });

  it.each(['127.0.0.1', INSECURE_HOST])('is told at %s that the log is trimmed, and what is there', async (host) => {
    await until('it is trimmed', async () => (await leader.status()).tail > 1000);
    const opened = await open(host);
    expect(await opened.evaluate(() => isSecureContext)).toBe(host !== INSECURE_HOST);
    const found = await opened.evaluate(async (nodes) => {
      const documents = new Map<string, unknown>();
      const codes: string[] = [];
      for await (const event of skein.connect(nodes).changes({ since: 1, collections: ['items', 'live'] })) {
        if (event.kind === 'reset') codes.push(event.code);
        if (event.kind === 'change') documents.set(event.change.key, event.change.value);
        if (event.kind === 'position' && event.isLive) break;
      }
      return { codes, count: documents.size };
    }, urls);
    expect(found).toStrictEqual({ codes: ['compacted'], count: 1202 });
    await opened.close();
  });

  it('may read the stream of events with nothing but what it has', async () => {
    const id = await page.evaluate(
      (url) =>
        new Promise<string>((resolve) => {
          const stream = new EventSource(`${url}/v1/changes?since=now`);
          stream.addEventListener('open', () => void fetch(`${url}/v1/collections/es/n/increment`, { method: 'POST' }));
          stream.addEventListener('message', ({ lastEventId }) => {
            stream.close();
            resolve(lastEventId);
          });
        }),
      leader.url,
    );
    expect(id).toMatch(/^\d+\.\d+-\w+\.\w+$/);
  });

  it('gives up when it is told to', async () => {
    const name = await page.evaluate(async (nodes) => {
      const controller = new AbortController();
      const events = skein.connect(nodes).changes({ since: 'now', signal: controller.signal });
      await events.next();
      const next = events.next();
      controller.abort();
      return next.then(
        () => null,
        (error: unknown) => (error as Error).name,
      );
    }, urls);
    expect(name).toBe('AbortError');
  });

  it('is told what to look at when the node is not open to its origin', async () => {
    const shut = await cluster.leader();
    const refused = await page.evaluate(async (url) => {
      const db = skein.connect(url, { giveUpAfterMs: 0 });
      const read = await db.status().catch((error: unknown) => String(error));
      // Sent without asking first, as a form of any page could.
      await fetch(`${url}/v1/collections/c/n/increment`, { method: 'POST', mode: 'no-cors' });
      return read;
    }, shut.url);
    expect(refused).toMatch(/^SkeinError: unreachable: .*--cors-origins/);
    expect((await shut.client.get('/v1/collections/c/n')).status).toBe(404);
  });
});
