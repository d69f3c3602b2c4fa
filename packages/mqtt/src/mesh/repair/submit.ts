import { Readable } from 'node:stream';
import type { Snapshot } from '@skein/core';
import { declined, reasonOf, type NodeLink } from '@skein/http';
import { LineReader, LIMITS, MEDIA_TYPES } from '@skein/protocol';
import type { RepairItem } from '@skein/replication';
import { z } from 'zod';

export interface SubmitTo {
  readonly link: NodeLink;
  readonly answerMs: number;
  readonly signal: AbortSignal;
}

/** What a peer does not take, although it takes others. */
export interface Refused {
  readonly count: number;
  /** Of the first of them. */
  readonly reason: string;
}

export interface Submitted {
  /** How many were news to it. */
  readonly taken: number;
  readonly refused: Refused | null;
}

const NEWLINE = Buffer.from('\n');
const NOTHING: Submitted = { taken: 0, refused: null };
/** What is wrong with a body is wrong the next time, too; anything else is not about what is in it. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413]);
const answer = z.object({ taken: z.int().nonnegative() });

/** Sends a node documents as they are in a snapshot, in the order of their places; what it refuses alone is stepped over. */
export async function submit(to: SubmitTo, items: readonly RepairItem[], mine: Snapshot): Promise<Submitted> {
  let submitted = NOTHING;
  let lines: Buffer[] = [];
  let bytes = 0;
  for await (const line of linesOf(items, mine)) {
    const isFull =
      lines.length === LIMITS.transactionOperationsMax || bytes + line.length >= LIMITS.transactionBytesMax;
    if (isFull && lines.length > 0) {
      submitted = plus(submitted, await send(to, lines));
      [lines, bytes] = [[], 0];
    }
    lines.push(line);
    bytes += line.length + NEWLINE.length;
  }
  return lines.length === 0 ? submitted : plus(submitted, await send(to, lines));
}

async function* linesOf(items: readonly RepairItem[], mine: Snapshot): AsyncGenerator<Buffer> {
  for (let left = items; left.length > 0;) {
    const { lines, looked } = await mine.named(left, LIMITS.pageBytesMax);
    yield* lines;
    left = left.slice(looked);
  }
}

/** A body is taken or refused as a whole: one that is refused is sent again in halves, down to the lines that are meant. */
async function send(to: SubmitTo, lines: readonly Buffer[]): Promise<Submitted> {
  const { status, headers, body } = await to.link.request({
    method: 'POST',
    path: '/v1/mesh/changes',
    headers: { 'content-type': MEDIA_TYPES.ndjson },
    body: Readable.from([Buffer.concat(lines.flatMap((line) => [line, NEWLINE]))], { objectMode: false }),
    answerMs: to.answerMs,
    signal: to.signal,
  });
  const text = await body.text();
  if (status === 200) return { ...NOTHING, taken: answer.parse(JSON.parse(text)).taken };
  const refusal = declined(status, headers, text);
  if (!REFUSALS.has(status)) throw refusal;
  if (lines.length === 1)
    return { taken: 0, refused: { count: 1, reason: `${nameOf(lines[0]!)}: ${reasonOf(refusal)}` } };
  const half = lines.length >> 1;
  const first = await send(to, lines.slice(0, half));
  return plus(first, await send(to, lines.slice(half)));
}

function nameOf(line: Buffer): string {
  const reader = new LineReader();
  reader.read(line, 0, line.length);
  return `${reader.collection()}/${reader.key()}`;
}

function plus(a: Submitted, b: Submitted): Submitted {
  const count = (a.refused?.count ?? 0) + (b.refused?.count ?? 0);
  const reason = a.refused?.reason ?? b.refused?.reason;
  return { taken: a.taken + b.taken, refused: reason === undefined ? null : { count, reason } };
}
