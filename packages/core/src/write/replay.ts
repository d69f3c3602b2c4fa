import { LineReader, makeVersion, recordLines } from '@skein/protocol';
import { asBuffer } from '../bytes.ts';
import { recordHolding } from '../log/read.ts';
import type { Level } from '../level/level.ts';
import type { IdempotencyEntry } from './idempotency.ts';
import type { Committed, CommittedChange } from './operation.ts';

const NEWLINE = 0x0a;
const reader = new LineReader();

/** Makes the first answer again, from the log: the same on every node that holds it, also after a restart. */
export async function replay(level: Level, entry: IdempotencyEntry): Promise<Committed> {
  const record = await recordHolding(level, entry.offsetFirst);
  const lines = asBuffer(recordLines(record));
  const changes: CommittedChange[] = [];
  let start = 0;
  for (let offset = record.offsetFirst; offset <= entry.offsetLast; offset++) {
    const end = lines.indexOf(NEWLINE, start);
    if (offset >= entry.offsetFirst) {
      reader.read(lines, start, end);
      changes.push(changeOf(lines, makeVersion(offset, record.epoch), entry.created.includes(changes.length)));
    }
    start = end + 1;
  }
  return { position: entry.position, changes, replayed: true };
}

/** The change in the line read last. */
function changeOf(lines: Buffer, version: string, created: boolean): CommittedChange {
  const valueText = reader.isDelete ? undefined : lines.toString('utf8', reader.valueStart, reader.valueEnd);
  return { collection: reader.collection(), key: reader.key(), version, created, valueText };
}
