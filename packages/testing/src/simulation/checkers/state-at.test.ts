import { describe, expect, it } from 'vitest';
import { LogWriter, put, remove, writes } from './histories.test-kit.ts';
import { Ledger } from './ledger.ts';
import { StateAt } from './state-at.ts';

/** Makes a of 1 and b of 2, then a of 3, and deletes b with 4. */
function state(): StateAt {
  const ledger = new Ledger();
  const log = new LogWriter();
  ledger.observe({ ...writes(log, put('a', '1'), put('b', '2')), ms: 0 });
  ledger.observe({ ...writes(log, put('a', '3'), remove('b')), ms: 0 });
  return new StateAt(ledger.logOf('leader')!);
}

const at2 = [
  ['c\0a', { offset: 1, valueText: '1' }],
  ['c\0b', { offset: 2, valueText: '2' }],
];
const at4 = [['c\0a', { offset: 3, valueText: '3' }]];

describe('the state at an offset', () => {
  it('begins with nothing', () => {
    expect([...state().documents]).toStrictEqual([]);
  });

  it('goes forward', () => {
    const documents = state();
    expect(documents.moveTo(2)).toBe(true);
    expect([...documents.documents]).toStrictEqual(at2);
    expect(documents.moveTo(4)).toBe(true);
    expect([...documents.documents]).toStrictEqual(at4);
  });

  it('goes back', () => {
    const documents = state();
    documents.moveTo(4);
    expect(documents.moveTo(2)).toBe(true);
    expect([...documents.documents]).toStrictEqual(at2);
  });

  it('does not go where nobody has been', () => {
    expect(state().moveTo(5)).toBe(false);
  });
});
