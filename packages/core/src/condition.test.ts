import { describe, expect, it } from 'vitest';
import { Condition } from './condition.ts';

const LOST = new Error('IO error: /data/store-1/000005.ldb: No such file or directory');

describe('a read that fails', () => {
  it('because a table is gone finds the store corrupt, and says so to whoever watches', () => {
    const condition = new Condition();
    const states: string[] = [];
    condition.watch((state) => states.push(`${state}: ${condition.failure}`));
    expect(condition.gate.failed(new Error('get failed', { cause: LOST }))).toMatchObject({ code: 'corrupt' });
    expect(states).toStrictEqual([`corrupt: ${LOST.message}`]);
    expect(condition.refusal()).toMatchObject({ code: 'corrupt' });
  });

  it('for another reason says nothing of the store', () => {
    const condition = new Condition();
    const error = new Error('IO error: /data/store-1/000005.ldb: Too many open files');
    expect(condition.gate.failed(error)).toBe(error);
    expect(condition.state).toBe('ready');
  });
});
