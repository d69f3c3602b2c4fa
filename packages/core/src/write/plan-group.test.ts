import { isSkeinError, parseLine } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByName } from '../by-name.ts';
import { meantNow, steps } from '../../test/steps.ts';
import { StoreModel } from '../../test/store-model.ts';
import { Load } from './load.ts';
import { planGroup, type GroupContext, type GroupPlan, type WriteRequest } from './plan-group.ts';

const EPOCH = '1-aaaaaaaa';
const KEYED = { keyDigest: '1'.repeat(32), requestDigest: '2'.repeat(32) };
const INCREMENT: WriteRequest = { operations: [{ op: 'increment', collection: 'c', key: 'k', by: 1 }] };

const empty: GroupContext = {
  offsetFirst: 1,
  epoch: EPOCH,
  origin: 'leader-1',
  ts: 1000,
  valueBytesMax: 1000,
  recordBytesWanted: Infinity,
  current: () => undefined,
  idempotency: () => undefined,
  rules: () => undefined,
  holders: () => undefined,
  mesh: null,
};

/** Groups of transactions on what earlier groups left, in the context a writer would plan them in. */
const groups = steps.map((taken) => {
  const model = new StoreModel(EPOCH);
  return taken.flatMap((step) => {
    if (step.kind !== 'group') return [];
    const requests: readonly WriteRequest[] = step.transactions.map((transaction) => meantNow(transaction, model));
    const { documents, head } = model;
    const context: GroupContext = {
      ...empty,
      offsetFirst: head + 1,
      current: ({ collection, key }) => {
        const found = documents.get(`${collection}/${key}`);
        return (
          found && {
            version: found.version,
            ts: 1000,
            valueText: () => JSON.stringify(found.value),
            made: () => undefined,
          }
        );
      },
    };
    for (const request of requests) model.commit(request);
    return [{ requests, context }];
  });
});

describe('planGroup', () => {
  it('gives the lines of what is committed consecutive offsets, and each its transaction', () => {
    forEachPlan(({ requests, context, plan }) => {
      const changes = plan.lines.map(parseLine);
      expect(changes.map(({ offset }) => offset)).toStrictEqual(changes.map((_, i) => context.offsetFirst + i));
      let at = 0;
      for (const [i, outcome] of plan.outcomes.entries()) {
        if (outcome.kind !== 'committed') continue;
        const own = changes.slice(at, (at += requests[i]!.operations.length));
        expect(outcome.offsetLast).toBe(own.at(-1)!.offset);
        for (const change of own) expect(change.tx).toBe(own.length > 1 ? outcome.offsetLast : undefined);
        expect(own.map(({ collection, key }) => [collection, key])).toStrictEqual(
          requests[i]!.operations.map(({ collection, key }) => [collection, key]),
        );
      }
      expect([at, plan.existed.length]).toStrictEqual([changes.length, changes.length]);
    });
  });

  it('plans a group as it would plan its requests one after the other', () => {
    forEachPlan(({ requests, context, plan }) => {
      const written = new ByName<{ version: string; valueText: string } | undefined>();
      const lines: string[] = [];
      for (const request of requests) {
        const alone = planGroup([request], {
          ...context,
          offsetFirst: context.offsetFirst + lines.length,
          current: (name) => {
            if (!written.has(name)) return context.current(name);
            const found = written.get(name);
            return (
              found && { version: found.version, ts: 1000, valueText: () => found.valueText, made: () => undefined }
            );
          },
        });
        lines.push(...alone.lines);
        for (const line of alone.lines.map(parseLine)) {
          const isPut = line.op === 'put';
          const version = `${line.offset}.${EPOCH}`;
          written.set(line, isPut ? { version, valueText: JSON.stringify(line.value) } : undefined);
        }
      }
      expect(plan.lines).toStrictEqual(lines);
    });
  });

  it('leaves no trace of a refused request', () => {
    forEachPlan(({ requests, context, plan }) => {
      const accepted = requests.filter((_, i) => plan.outcomes[i]!.kind !== 'refused');
      const again = planGroup(accepted, context);
      expect(again.lines).toStrictEqual(plan.lines);
      expect(again.outcomes.every(({ kind }) => kind === 'committed')).toBe(true);
    });
  });

  it('stops behind the request that fills the record, and goes on with it in the next', () => {
    fc.assert(
      fc.property(groups, fc.integer({ min: 0, max: 2000 }), (all, recordBytesWanted) => {
        for (const { requests, context } of all) {
          const { outcomes, lines } = planGroup(requests, { ...context, recordBytesWanted });
          const full = planGroup(requests, context);
          expect(full.lines.slice(0, lines.length)).toStrictEqual(lines);
          expect(full.outcomes.slice(0, outcomes.length)).toStrictEqual(outcomes);
          if (outcomes.length === requests.length) continue;
          expect(sizeOf(lines)).toBeGreaterThan(recordBytesWanted);
          expect(outcomes.at(-1)!.kind).toBe('committed');
          const last = requests[outcomes.length - 1]!.operations.length;
          expect(sizeOf(lines.slice(0, -last))).toBeLessThanOrEqual(recordBytesWanted);
        }
      }),
    );
  });

  it('lets a load be refused whole and not be a transaction', () => {
    const load: WriteRequest = { operations: [...INCREMENT.operations, ...INCREMENT.operations], load: new Load() };
    expect(planGroup([load], empty).lines.map((line) => parseLine(line).tx)).toStrictEqual([undefined, undefined]);
    const bad: WriteRequest = {
      ...load,
      operations: [...load.operations, { op: 'delete', collection: 'c', key: 'x' }],
    };
    expect(planGroup([bad], empty).lines).toStrictEqual([]);
  });

  it.each([
    { name: 'known and of this request', entry: { requestDigest: KEYED.requestDigest, ts: 1000 }, kind: 'replayed' },
    { name: 'known and of another request', entry: { requestDigest: '3'.repeat(32), ts: 1000 }, kind: 'refused' },
    {
      name: 'known a day ago',
      entry: { requestDigest: '3'.repeat(32), ts: 1000 - 24 * 3_600_000 - 1 },
      kind: 'committed',
    },
    { name: 'not known', entry: undefined, kind: 'committed' },
  ])('answers an idempotency key that is $name', ({ entry, kind }) => {
    const stored = entry && {
      ...entry,
      offsetFirst: 7,
      offsetLast: 7,
      position: { offset: 7, epoch: EPOCH, hash: '' },
      created: [],
    };
    const plan = planGroup([{ ...INCREMENT, idempotency: KEYED }], { ...empty, idempotency: () => stored });
    expect(plan.outcomes.map((outcome) => outcome.kind)).toStrictEqual([kind]);
    expect(plan.lines.length).toBe(kind === 'committed' ? 1 : 0);
  });

  it('points a repeat at the first request with its key, wherever both are', () => {
    const keyed = { ...INCREMENT, idempotency: KEYED };
    const other = { ...INCREMENT, idempotency: { ...KEYED, requestDigest: '9'.repeat(32) } };
    const { outcomes, lines } = planGroup([INCREMENT, keyed, INCREMENT, keyed, other], empty);
    expect(
      outcomes.map((outcome) => (outcome.kind === 'repeats' ? outcomes.indexOf(outcome.first) : outcome.kind)),
    ).toStrictEqual(['committed', 'committed', 'committed', 1, 'refused']);
    expect(lines.map((line) => parseLine(line).value)).toStrictEqual([1, 2, 3]);
  });
});

function forEachPlan(
  check: (planned: { requests: readonly WriteRequest[]; context: GroupContext; plan: GroupPlan }) => void,
): void {
  const property = fc.property(groups, (all) => {
    for (const { requests, context } of all) {
      const plan = planGroup(requests, context);
      for (const outcome of plan.outcomes)
        if (outcome.kind === 'refused') expect(isSkeinError(outcome.error)).toBe(true);
      check({ requests, context, plan });
    }
  });
  fc.assert(property);
}

function sizeOf(lines: readonly string[]): number {
  return lines.reduce((size, line) => size + line.length, 0);
}
