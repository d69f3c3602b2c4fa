import { makeVersion, parseLine, recordLines, type Change } from '@skein/protocol';
import { recordHolding } from '../log/read.ts';
import type { Level } from '../level/level.ts';
import type { IdempotencyEntry } from './idempotency.ts';
import type { Committed, CommittedChange } from './operation.ts';

/** Makes the first answer again, from the log: the same on every node that holds it, also after a restart. */
export async function replay(level: Level, entry: IdempotencyEntry): Promise<Committed> {
  const record = await recordHolding(level, entry.offsetFirst);
  const lines = new TextDecoder().decode(recordLines(record)).split('\n');
  const changes: CommittedChange[] = [];
  for (let offset = entry.offsetFirst; offset <= entry.offsetLast; offset++) {
    const change = parseLine(lines[offset - record.offsetFirst]!);
    changes.push(
      committedChange(change, makeVersion(offset, record.epoch), entry.created && offset === entry.offsetFirst),
    );
  }
  return { position: entry.position, changes, replayed: true };
}

function committedChange(change: Change, version: string, created: boolean): CommittedChange {
  const { collection, key, value } = change;
  return { collection, key, version, created, valueText: change.op === 'put' ? JSON.stringify(value) : undefined };
}
