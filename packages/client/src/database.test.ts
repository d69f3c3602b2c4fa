import { describe, expect, it } from 'vitest';
import { headersOf, json, problem } from '../test/fake-platform.ts';
import { connect, type Database } from './database.ts';

interface Sent {
  readonly request: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a database asks, where no real node could show it. */
function databaseWith(answer: (sent: Sent, count: number) => Response): {
  readonly db: Database;
  readonly sent: Sent[];
} {
  const sent: Sent[] = [];
  const db = connect('http://node/', {
    giveUpAfterMs: 0,
    fetch: async (url, { method, body, headers }) => {
      const path = decodeURIComponent(url.replace('http://node', ''));
      const one = {
        request: `${method} ${path}`,
        body: typeof body === 'string' ? body : null,
        headers: headersOf(headers),
      };
      sent.push(one);
      return answer(one, sent.length);
    },
  });
  return { db, sent };
}

const POSITION = `3.1-aaaaaaaa.${'0'.repeat(16)}`;

describe('what a request asks for', () => {
  it('is in its headers', async () => {
    const { db, sent } = databaseWith(() =>
      json({}, { status: 201, headers: { 'skein-position': POSITION, etag: '"v"' } }),
    );
    const c = db.collection('c');
    await c.get('k');
    await c.get('k', { maxStalenessSeconds: 0, waitSeconds: 2 });
    await c.put('k', 1, { replicas: 2, waitSeconds: 9, ifVersion: null, idempotencyKey: 'mine' });
    await c.put('k', 1, { ifVersion: 'v' });
    await c.get('k');
    expect(sent.map(({ headers }) => headers)).toStrictEqual([
      {},
      { prefer: 'max-staleness=0, wait=2' },
      {
        'content-type': 'application/json',
        'if-none-match': '*',
        prefer: 'replicas=2, wait=9',
        'idempotency-key': 'mine',
      },
      {
        'content-type': 'application/json',
        'if-match': '"v"',
        'idempotency-key': expect.stringMatching(/^[0-9a-f]{32}$/),
      },
      { 'skein-min-position': POSITION },
    ]);
  });
});

describe('changes', () => {
  const page = (since: string, next: string, changes: readonly unknown[]) =>
    json({ log: 'l', epoch: '1-aaaaaaaa', since, next, head: { offset: 3, ts: 1 }, tail: 1, upToDate: true, changes });

  it('are not taken from an answer to another question, nor from what is no page', async () => {
    const change = { offset: 1, ts: 1, origin: 'n', collection: 'c', key: 'k', op: 'delete' };
    const answers = [
      page(POSITION, POSITION, [change]),
      json({}),
      new Response('<html>'),
      page('0', POSITION, [change]),
    ];
    const { db } = databaseWith((_, count) => answers[count - 1]!);
    const kinds: unknown[] = [];
    for await (const event of db.changes()) {
      kinds.push(event.kind === 'offline' ? event.error.code : event.kind);
      if (event.kind === 'position') break;
    }
    expect(kinds).toStrictEqual(['bad_answer', 'change', 'position']);
  });

  it('are read anew from no page of a snapshot that is not whole', async () => {
    const header = `{"snapshot":"${POSITION}","log":"l","history":[],"documents":1}\n`;
    const line = '{"offset":3,"ts":1,"origin":"n","collection":"c","key":"k","op":"put","value":1}\n';
    const trailer = '{"next":null,"lines":1,"checksum":"0000000000000000"}\n';
    const snapshots = [header + line + trailer, header + line, header + trailer];
    const { db } = databaseWith(({ request }, count) =>
      request.startsWith('GET /v1/changes')
        ? problem(410, 'compacted', { epoch: '1-aaaaaaaa' })
        : new Response(snapshots[count - 2]),
    );
    const events: string[] = [];
    for await (const event of db.changes()) {
      events.push(event.kind);
      if (events.length === 4) break;
    }
    expect(events).toStrictEqual(['reset', 'offline', 'reset', 'reset']);
  });
});
