/*
 * Many followers of one leader: what all of them wait for is read and encoded once, and when all of them come back at once
 * they are served, and nobody's write is refused for it.
 */
import { MEDIA_TYPES, parseRecords, recordPosition, formatPosition, type RecordView } from '@skein/protocol';
import { Cluster, readRecords, until, type Answer, type NodeProcess } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const WAITING = 100;
const RECONNECTING = 1000;

const cluster = new Cluster();
let leader: NodeProcess;

beforeAll(async () => {
  leader = await cluster.leader();
  for (let i = 0; i < 400; i++) await leader.client.put(`/v1/collections/c/k-${i % 50}`, `${i}`.padEnd(200, '.'));
});
afterAll(() => cluster.close());

/** What a follower of this name asks. */
function ask(id: string, since: string, query: string): Promise<Answer> {
  const headers = { accept: MEDIA_TYPES.records, 'skein-follower': id, 'skein-applied': since };
  return leader.client.get(`/v1/changes?since=${since}&${query}`, headers);
}

const pagesMade = async (): Promise<number> => (await leader.metric('skein_feed_pages_made_total'))!;

describe('a hundred followers that wait at the head', () => {
  it('cost one page for each batch of changes, and all of them get it', async () => {
    let { position } = await leader.status();
    for (let batch = 1; batch <= 3; batch++) {
      const polls = Array.from({ length: WAITING }, (_, i) => ask(`waits-${i}`, position as string, 'wait=30'));
      await until('all wait', async () => (await leader.metric('skein_feed_waiting_requests')) === WAITING);
      const before = await pagesMade();
      const written = await leader.client.post('/v1/transactions', {
        operations: [1, 2, 3].map((i) => ({ op: 'put', collection: 'c', key: `k-${i}`, value: batch })),
      });
      expect(written.status).toBe(200);
      const pages = await Promise.all(polls);
      const next = written.headers['skein-position'];
      expect(new Set(pages.map(({ status, headers }) => `${status} ${headers['skein-next']}`))).toStrictEqual(
        new Set([`200 ${next}`]),
      );
      const [first] = pages as [Answer];
      expect(parseRecords(first.bytes)).toMatchObject([{ offsetLast: Number.parseInt(next!, 10) }]);
      expect(pages.every(({ bytes }) => bytes.equals(first.bytes))).toBe(true);
      expect(await pagesMade()).toBe(before + 1);
      position = next;
    }
    expect(await leader.metric('skein_replication_active_followers')).toBe(WAITING);
  });
});

describe('a thousand followers that come back at once', () => {
  it('are all answered with what they need next, from a page for each place, while every write is taken', async () => {
    const records = await readRecords(leader.client);
    const places = [50, 100, 150, 200, 250, 300, 350, 400].map((offset) => formatPosition(endAt(records, offset)));
    let isOver = false;
    const statuses: number[] = [];
    const writing = (async () => {
      for (let i = 0; !isOver; i++) statuses.push((await leader.client.put('/v1/collections/w/k', i)).status);
    })();
    const before = await pagesMade();
    const answers = await Promise.all(
      Array.from({ length: RECONNECTING }, async (_, i) => {
        const since = places[i % places.length]!;
        return { since, answer: await ask(`back-${i}`, since, 'limit=100&wait=10') };
      }),
    ).finally(() => (isOver = true));
    await writing;
    // One for each place, and once more for each time the head has moved.
    expect((await pagesMade()) - before).toBeLessThanOrEqual(places.length * (statuses.length + 1));
    expect(statuses.length).toBeGreaterThan(0);
    expect(statuses.filter((status) => status !== 200 && status !== 201)).toStrictEqual([]);

    const log = new Log(await readRecords(leader.client));
    for (const { since, answer } of answers) {
      expect(answer.status).toBe(200);
      const { next, bytes } = log.page(since, answer.bytes.length);
      expect(answer.headers['skein-next']).toBe(next);
      expect(answer.bytes.length).toBeGreaterThan(0);
      expect(answer.bytes.equals(bytes)).toBe(true);
    }
  });
});

function endAt(records: readonly RecordView[], offset: number): ReturnType<typeof recordPosition> {
  return recordPosition(records.find(({ offsetLast }) => offsetLast >= offset)!);
}

/** The whole log, of which every page is a piece. */
class Log {
  readonly #bytes: Buffer;
  readonly #byteAt = new Map<string, number>();
  readonly #positionAt = new Map<number, string>();

  constructor(records: readonly RecordView[]) {
    this.#bytes = Buffer.concat(records.map(({ bytes }) => bytes));
    let at = 0;
    for (const record of records) {
      at += record.bytes.length;
      const position = formatPosition(recordPosition(record));
      this.#byteAt.set(position, at);
      this.#positionAt.set(at, position);
    }
  }

  /** What stands behind a position, so many bytes of it, and the position behind them if it is one. */
  page(since: string, length: number): { readonly bytes: Buffer; readonly next: string | undefined } {
    const start = this.#byteAt.get(since)!;
    return { bytes: this.#bytes.subarray(start, start + length), next: this.#positionAt.get(start + length) };
  }
}
