import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCursor, startOfOutbox } from './outbox-start.ts';
import { Outbox, type InFlight } from './outbox.ts';

describe('an outbox', () => {
  it('moves its cursor over an unbroken row of what has come there, in whatever order that is acknowledged', () => {
    const outbox = new Outbox(10);
    const sent = [11, 12, 13].map((offset) => outbox.send(offset));
    outbox.leaveOut(14);
    expect(outbox).toMatchObject({ cursor: 10, sentTo: 14, isAtRest: false });
    outbox.acknowledge(sent[2]!);
    outbox.acknowledge(sent[1]!);
    expect(outbox.cursor).toBe(10);
    outbox.acknowledge(sent[0]!);
    expect(outbox).toMatchObject({ cursor: 14, sentTo: 14, isAtRest: true });
  });

  it('goes back to its cursor, and takes no notice of what is acknowledged of before', () => {
    const outbox = new Outbox(0);
    const [first, second] = [outbox.send(1), outbox.send(2)];
    outbox.acknowledge(first);
    outbox.rewind();
    expect(outbox).toMatchObject({ cursor: 1, sentTo: 1, isAtRest: true });
    const again = outbox.send(2);
    outbox.acknowledge(second);
    expect(outbox.cursor).toBe(1);
    outbox.acknowledge(again);
    expect(outbox.cursor).toBe(2);
  });

  it('passes over the oldest beyond its limit, and what the log does not have any more', () => {
    const outbox = new Outbox(0);
    expect(outbox.passOver({ head: 10, tail: 1, limit: 10 })).toBe(0);
    expect(outbox.passOver({ head: 12, tail: 1, limit: 10 })).toBe(2);
    expect(outbox.passOver({ head: 12, tail: 8, limit: 10 })).toBe(5);
    expect(outbox).toMatchObject({ cursor: 7, sentTo: 7 });
  });

  it('never says that something is there which is not, and never goes back', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constantFrom('send', 'leaveOut', 'rewind') }),
      fc.record({ do: fc.constant('acknowledge'), which: fc.nat() }),
      fc.record({ do: fc.constant('passOver'), limit: fc.integer({ min: 1, max: 8 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const outbox = new Outbox(0);
        const settled = new Set<number>();
        let [open, head, cursorBefore]: [InFlight[], number, number] = [[], 0, 0];
        for (const one of steps) {
          const next = outbox.sentTo + 1;
          head = Math.max(head, next);
          if (one.do === 'send') open.push(outbox.send(next));
          if (one.do === 'leaveOut') {
            settled.add(next);
            outbox.leaveOut(next);
          }
          if (one.do === 'rewind') {
            outbox.rewind();
            open = [];
          }
          if ('which' in one && open.length > 0) {
            const [acknowledged] = open.splice(one.which % open.length, 1);
            settled.add(acknowledged!.offset);
            outbox.acknowledge(acknowledged!);
          }
          if ('limit' in one) {
            const before = outbox.cursor;
            const passed = outbox.passOver({ head, tail: 1, limit: one.limit });
            for (let i = 1; i <= passed; i++) settled.add(before + i);
          }
          expect(outbox.cursor).toBeGreaterThanOrEqual(cursorBefore);
          expect(outbox.sentTo).toBeGreaterThanOrEqual(outbox.cursor);
          for (let offset = cursorBefore + 1; offset <= outbox.cursor; offset++) expect(settled).toContain(offset);
          cursorBefore = outbox.cursor;
        }
      }),
    );
  });
});

describe('the start of an outbox', () => {
  const history = [
    { epoch: '1-aaaaaaaa', offsetFirst: 1 },
    { epoch: '2-bbbbbbbb', offsetFirst: 31 },
    { epoch: '3-cccccccc', offsetFirst: 51 },
  ];
  const facts = { history, tail: 11, head: { offset: 100, epoch: '3-cccccccc', hash: '0000000000000000' } };
  const first = { ...facts, history: history.slice(0, 1) };

  it.each([
    ['goes on where it was', { offset: 70, epoch: '3-cccccccc' }, { cursor: 70, passedOver: 0 }],
    [
      'goes on where it was before it was promoted again',
      { offset: 40, epoch: '2-bbbbbbbb' },
      { cursor: 40, passedOver: 0 },
    ],
    ['goes on at the fork behind which it wrote', { offset: 60, epoch: '2-bbbbbbbb' }, { cursor: 50, passedOver: 0 }],
    [
      'begins with its promotion where others led since',
      { offset: 20, epoch: '1-aaaaaaaa' },
      { cursor: 50, passedOver: 30 },
    ],
    [
      'begins with its promotion where its own epoch is gone',
      { offset: 60, epoch: '2-xxxxxxxx' },
      { cursor: 50, passedOver: null },
    ],
    ['begins with its promotion where it never led', null, { cursor: 50, passedOver: null }],
    [
      'begins with all that is there where its note says nothing',
      'unreadable' as const,
      { cursor: 10, passedOver: null },
    ],
    ['never begins above the log', { offset: 400, epoch: '3-cccccccc' }, { cursor: 100, passedOver: 0 }],
  ])('%s', (_, cursor, start) => {
    expect(startOfOutbox(cursor, facts)).toEqual(start);
  });

  it('begins, of the first leader of a log, with what is written from now on', () => {
    expect(startOfOutbox(null, first)).toEqual({ cursor: 100, passedOver: 0 });
    expect(startOfOutbox({ offset: 0, epoch: null }, first)).toEqual({ cursor: 0, passedOver: 0 });
  });

  it.each(['', '{', 'null', '{"offset":-1,"epoch":null}', '{"offset":1}'])(
    'does not take the note %j for none',
    (text) => {
      expect(parseCursor(text)).toBe('unreadable');
      expect(parseCursor(undefined)).toBeNull();
    },
  );
});
