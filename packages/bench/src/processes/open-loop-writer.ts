import { Pool } from 'undici';
import { COLLECTION, documentText, keyOf, Random } from '../documents.ts';
import { given, machineMs, sayLast } from './stage-hand.ts';

/**
 * Writes by the clock, whatever the answers do: write n is due at n times the interval, and is sent then or as soon after
 * as this process gets to it, with up to 64 under way. Nothing slows down when the leader does, so nothing is omitted.
 */

interface Given {
  readonly url: string;
  readonly perSecond: number;
  /** Sent first and not reported: this process compiles what it runs often. */
  readonly warmUpWrites: number;
  readonly writes: number;
}

/** One write: when it was due, sent and acknowledged, and the offset it got. */
export interface Write {
  readonly dueAt: number;
  readonly sentAt: number;
  readonly acknowledgedAt: number;
  readonly offset: number;
}

const CONNECTIONS = 64;
const KEYS = 10_000;

const { url, perSecond, warmUpWrites, writes } = given() as Given;
const writesAll = warmUpWrites + writes;
const pool = new Pool(url, { connections: CONNECTIONS, pipelining: 1 });
const random = new Random(1);
const bodies = Array.from({ length: 100 }, (_, id) => documentText(id, random));
const headers = { 'content-type': 'application/json' };

async function write(n: number, dueAt: number): Promise<Write> {
  const path = `/v1/collections/${COLLECTION}/${keyOf(n % KEYS)}`;
  const sentAt = machineMs();
  const answer = await pool.request({ method: 'PUT', path, headers, body: bodies[n % bodies.length]! });
  const acknowledgedAt = machineMs();
  const { version } = (await answer.body.json()) as { readonly version?: string };
  if (version === undefined) throw new Error(`a write was answered ${answer.statusCode}`);
  return { dueAt, sentAt, acknowledgedAt, offset: Number.parseInt(version, 10) };
}

const startAt = machineMs() + 10;
const underWay: Promise<Write>[] = [];
await new Promise<void>((resolve) => {
  const sendDue = (): void => {
    const now = machineMs();
    for (let n = underWay.length; n < writesAll; n++) {
      const dueAt = startAt + (n * 1000) / perSecond;
      if (dueAt > now) break;
      underWay.push(write(n, dueAt));
    }
    if (underWay.length === writesAll) resolve();
    else setTimeout(sendDue, 1);
  };
  sendDue();
});
const acknowledged = await Promise.all(underWay);
await pool.close();
sayLast(acknowledged.slice(warmUpWrites));
