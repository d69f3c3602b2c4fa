import { EPOCHS } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import type { HistoryEvent } from '../history.ts';
import { published, put, recordOf, violationOf, writes, type LogWriter } from './histories.test-kit.ts';
import { Rescued } from './rescued.ts';

/** The leader goes over to an epoch that lacks its second change, with what it has saved before. */
function goesOver(rescued: (log: LogWriter) => readonly string[]): string | undefined {
  return violationOf(
    (ledger) => new Rescued(ledger),
    (log) => {
      const first = writes(log, put('a', '1'));
      const fork = log.head;
      const second = writes(log, put('a', '2'));
      const epoch = '2-bbbbbbbb';
      const change = put('2', '{}', { collection: EPOCHS });
      const record = recordOf({ changes: [change], after: fork, epoch });
      const head = { offset: record.offsetLast, epoch, hash: record.hash };
      const begun = published(log, { node: 'n2', records: [record], head });
      const renewed: HistoryEvent = {
        kind: 'renewed',
        tail: 1,
        node: 'leader',
        log: log.id,
        head,
        durable: head.offset,
        documents: null,
        rescued: new Set(rescued(log)),
      };
      return [first, second, begun, renewed];
    },
  );
}

describe('rescued', () => {
  it('accepts what has been saved', () => {
    expect(goesOver((log) => [log.lines[1]!])).toBeUndefined();
  });

  it('objects to what has not, or only in part', () => {
    expect(goesOver(() => [])).toMatch(/leader has given up 2 and not saved it/);
    expect(goesOver((log) => [log.lines[0]!])).toMatch(/leader has given up 2 and not saved it/);
  });
});
