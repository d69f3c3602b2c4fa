import { describe, expect, it } from 'vitest';
import { laterOf } from './position.ts';
import { Session } from './session.ts';

const at = (offset: number, epoch = '1-aaaaaaaa'): string => `${offset}.${epoch}.${'0'.repeat(16)}`;

describe('the later of two positions', () => {
  it.each([
    ['0', at(1)],
    [at(9), at(10)],
    [at(100), at(5, '2-bbbbbbbb')],
    [at(5, '9-bbbbbbbb'), at(4, '10-cccccccc')],
  ])('%s is before %s', (earlier, later) => {
    expect([laterOf(earlier, later), laterOf(later, earlier)]).toStrictEqual([later, later]);
  });
});

describe('a session', () => {
  it('has the latest of what it is told of, in whatever order', () => {
    const session = new Session();
    for (const offset of [3, 10, 2]) session.observe(at(offset));
    expect([session.position, session.unproven]).toStrictEqual([at(10), []]);
  });

  it('does not take a newer epoch for the answer to what was written in an older one', () => {
    const session = new Session(at(10));
    session.observe(at(5, '2-bbbbbbbb'));
    session.observe(at(6, '2-bbbbbbbb'));
    expect([session.position, session.unproven]).toStrictEqual([at(6, '2-bbbbbbbb'), [at(10)]]);
    // An answer that was long under way.
    session.observe(at(12));
    session.observe(at(11));
    expect([session.position, session.unproven]).toStrictEqual([at(6, '2-bbbbbbbb'), [at(12)]]);
    session.settle(at(12));
    expect([session.position, session.unproven]).toStrictEqual([at(6, '2-bbbbbbbb'), []]);
  });

  it('keeps both of two rivals', () => {
    const session = new Session(at(10, '2-bbbbbbbb'));
    session.observe(at(11, '2-cccccccc'));
    expect([session.position, session.unproven]).toStrictEqual([at(11, '2-cccccccc'), [at(10, '2-bbbbbbbb')]]);
  });

  it('forgets what is lost', () => {
    const session = new Session(at(10));
    session.settle(at(10));
    expect(session.position).toBe('0');
  });

  it('remembers a bounded number of leaders', () => {
    const session = new Session();
    for (let epoch = 1; epoch <= 40; epoch++) session.observe(at(epoch, `${epoch}-aaaaaaaa`));
    expect([session.unproven.length, session.unproven.at(-1)]).toStrictEqual([16, at(39, '39-aaaaaaaa')]);
  });
});
