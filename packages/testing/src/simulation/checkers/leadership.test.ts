import { EPOCHS, formatPosition } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import {
  published,
  put,
  recordOf,
  violationOf,
  writes,
  type HistoryMaker,
  type LogWriter,
} from './histories.test-kit.ts';
import { Leadership } from './leadership.ts';

const check = (history: HistoryMaker, mayBeDisjoint = false) =>
  violationOf((ledger) => new Leadership(ledger, mayBeDisjoint), history);

/** A node begins an epoch behind what the log has. */
function begins(log: LogWriter, node: string, epoch: string, mayBeLost?: object) {
  const value = { epoch, node, reason: 'promoted', after: formatPosition(log.head), mayBeLost };
  const change = put(epoch, JSON.stringify(value), { collection: EPOCHS, origin: node });
  const record = recordOf({ changes: [change], after: log.head, epoch });
  return published(log, { node, records: [record], head: { offset: record.offsetLast, epoch, hash: record.hash } });
}

describe('leadership', () => {
  it('accepts epochs that follow each other, and rivals where a loss was accepted or promises may be disjoint', () => {
    expect(check((log) => [writes(log, put('a', '1')), begins(log, 'n2', '2-bbbbbbbb')])).toBeUndefined();
    const rivals = (mayBeLost?: object): HistoryMaker => {
      return (log) => [
        writes(log, put('a', '1')),
        begins(log, 'n2', '2-bbbbbbbb'),
        begins(log, 'n3', '2-rrrrrrrr', mayBeLost),
      ];
    };
    expect(check(rivals({ after: '0', upTo: null, members: [] }))).toBeUndefined();
    expect(check(rivals(), true)).toBeUndefined();
    expect(check(rivals())).toMatch(/2-rrrrrrrr and 2-bbbbbbbb have begun, and each was promised/);
  });

  it('objects to a node that writes in an epoch of another', () => {
    const history: HistoryMaker = (log) => {
      const first = writes(log, put('a', '1'));
      const begun = begins(log, 'n2', '2-bbbbbbbb');
      return [first, begun, { ...begun, node: 'n3' }];
    };
    expect(check(history)).toMatch(/n3 writes in epoch 2-bbbbbbbb, which n2 has begun/);
  });

  it('objects to an epoch that begins with something else', () => {
    const history: HistoryMaker = (log) => {
      const first = writes(log, put('a', '1'));
      const record = recordOf({ changes: [put('a', '2')], after: log.head, epoch: '2-bbbbbbbb' });
      return [first, published(log, { records: [record] })];
    };
    expect(check(history)).toMatch(/does not begin by saying so/);
  });
});
