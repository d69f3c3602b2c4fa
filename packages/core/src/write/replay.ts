import { isSkeinError, LineReader, makeVersion, recordLines, TOMBSTONES, type RecordView } from '@skein/protocol';
import { asBuffer } from '../bytes.ts';
import { recordHolding } from '../log/read.ts';
import type { Level } from '../level/level.ts';
import type { IdempotencyEntry } from './idempotency.ts';
import type { Committed, CommittedChange, Operation } from './operation.ts';

const NEWLINE = 0x0a;
const reader = new LineReader();

/**
 * Makes the first answer again, from the log: the same on every node that holds it, also after a restart. Where the log
 * does not keep it any more, the request says what it wrote, unless that depended on what was there.
 */
export async function replay(
  level: Level,
  entry: IdempotencyEntry,
  operations: readonly Operation[],
): Promise<Committed> {
  try {
    return fromRecord(await recordHolding(level, entry.offsetFirst), entry);
  } catch (error) {
    if (!isSkeinError(error, 'compacted') || !operations.every(isPlain)) throw error;
    return fromRequest(operations, entry);
  }
}

function isPlain({ op }: Operation): boolean {
  return op === 'put' || op === 'delete';
}

function fromRequest(
  operations: readonly Operation[],
  { offsetFirst, position, created }: IdempotencyEntry,
): Committed {
  const changes = operations.map((operation, i): CommittedChange => {
    const { collection, key } = operation;
    const version = makeVersion(offsetFirst + i, position.epoch);
    const valueText = operation.op === 'put' ? operation.valueText : undefined;
    return { collection, key, version, created: created.includes(i), valueText };
  });
  return { position, changes, replayed: true };
}

function fromRecord(record: RecordView, entry: IdempotencyEntry): Committed {
  const lines = asBuffer(recordLines(record));
  const changes: CommittedChange[] = [];
  let start = 0;
  for (let offset = record.offsetFirst; offset <= entry.offsetLast; offset++) {
    const end = lines.indexOf(NEWLINE, start);
    if (offset >= entry.offsetFirst) {
      reader.read(lines, start, end);
      // What goes with the changes that were asked for stands behind them.
      if (reader.collection() === TOMBSTONES) break;
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
