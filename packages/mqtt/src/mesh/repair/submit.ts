import { Readable } from 'node:stream';
import type { Snapshot } from '@skein/core';
import { declined, type NodeLink } from '@skein/http';
import { LIMITS, MEDIA_TYPES } from '@skein/protocol';
import type { RepairItem } from '@skein/replication';
import { z } from 'zod';

export interface SubmitTo {
  readonly link: NodeLink;
  readonly answerMs: number;
  readonly signal: AbortSignal;
}

const NEWLINE = Buffer.from('\n');
const answer = z.object({ taken: z.int().nonnegative() });

/** Sends a node documents as they are in a snapshot, in the order of their places. Answers how many were news to it. */
export async function submit(to: SubmitTo, items: readonly RepairItem[], mine: Snapshot): Promise<number> {
  let taken = 0;
  let lines: Buffer[] = [];
  let bytes = 0;
  for await (const line of linesOf(items, mine)) {
    const isFull =
      lines.length === LIMITS.transactionOperationsMax || bytes + line.length >= LIMITS.transactionBytesMax;
    if (isFull && lines.length > 0) {
      taken += await send(to, lines);
      [lines, bytes] = [[], 0];
    }
    lines.push(line);
    bytes += line.length + NEWLINE.length;
  }
  return lines.length === 0 ? taken : taken + (await send(to, lines));
}

async function* linesOf(items: readonly RepairItem[], mine: Snapshot): AsyncGenerator<Buffer> {
  for (let left = items; left.length > 0;) {
    const { lines, looked } = await mine.named(left, LIMITS.pageBytesMax);
    yield* lines;
    left = left.slice(looked);
  }
}

async function send({ link, answerMs, signal }: SubmitTo, lines: readonly Buffer[]): Promise<number> {
  const { status, headers, body } = await link.request({
    method: 'POST',
    path: '/v1/mesh/changes',
    headers: { 'content-type': MEDIA_TYPES.ndjson },
    body: Readable.from([Buffer.concat(lines.flatMap((line) => [line, NEWLINE]))], { objectMode: false }),
    answerMs,
    signal,
  });
  const text = await body.text();
  if (status !== 200) throw declined(status, headers, text);
  return answer.parse(JSON.parse(text)).taken;
}
