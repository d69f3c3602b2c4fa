import fc from 'fast-check';
import type { JsonValue } from '@skein/protocol';
import type { Condition, Operation, Transaction } from '../src/write/operation.ts';
import type { StoreModel } from './store-model.ts';

/** What happens to a store, one thing after the other. Transactions of one group arrive at once. */
export type Step =
  | { readonly kind: 'group'; readonly transactions: readonly Planned[] }
  /** The same, and the disk fails: before the batch is stored, or behind its back after it. */
  | { readonly kind: 'failing-group'; readonly transactions: readonly Planned[]; readonly isStored: boolean }
  | { readonly kind: 'reopen' }
  | { readonly kind: 'follow' };

/** A condition is meant for what the document is when the group begins, whatever that will be. */
type Meant = 'none' | 'exists' | 'absent' | 'as it is' | 'another' | 'changed';

type Planned = readonly { readonly operation: Operation; readonly meant: Meant }[];

const VERSION_OF_NOTHING = '999999.1-zzzzzzzz';

const key = fc.constantFrom('a', 'b', 'c', '"\\', '\uffee', '\u{1f600}\n');
const collection = fc.constantFrom('one', 'two', 'three');
const name = fc.constantFrom('a', 'b', '', '1', 'constructor');

const { json } = fc.letrec<{ json: JsonValue }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<JsonValue>(null, true, 0, 1.5, -7, '', 'text', 'é"\n'),
    fc.dictionary(name, tie('json'), { maxKeys: 3, noNullPrototype: true }),
    fc.array(tie('json'), { maxLength: 2 }),
  ),
}));

const body = fc.oneof(
  { weight: 4, arbitrary: json.map((value) => ({ op: 'put' as const, valueText: JSON.stringify(value) })) },
  { weight: 2, arbitrary: fc.constant({ op: 'delete' as const }) },
  { weight: 3, arbitrary: json.map((patch) => ({ op: 'patch' as const, patch })) },
  { weight: 3, arbitrary: fc.integer({ min: -3, max: 3 }).map((by) => ({ op: 'increment' as const, by })) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constantFrom('append' as const, 'prepend' as const),
      text: fc.constantFrom('', 'x', '"'),
    }),
  },
);

const meant = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Meant>('none') },
  { weight: 4, arbitrary: fc.constantFrom<Meant>('exists', 'absent', 'as it is', 'another', 'changed') },
);

const planned: fc.Arbitrary<Planned> = fc.array(
  fc.record({ at: fc.record({ collection, key }), body, meant }).map((each) => ({
    operation: { ...each.at, ...each.body },
    meant: each.meant,
  })),
  { minLength: 1, maxLength: 4 },
);

const group = fc.array(planned, { minLength: 1, maxLength: 5 });

export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: group.map((transactions): Step => ({ kind: 'group', transactions })) },
    {
      weight: 2,
      arbitrary: fc
        .record({ transactions: group, isStored: fc.boolean() })
        .map((given): Step => ({ kind: 'failing-group', ...given })),
    },
    { weight: 2, arbitrary: fc.constant<Step>({ kind: 'reopen' }) },
    { weight: 1, arbitrary: fc.constant<Step>({ kind: 'follow' }) },
  ),
  { minLength: 1, maxLength: 12 },
);

/** The transaction with its conditions on what there is now. */
export function meantNow(transaction: Planned, model: StoreModel): Transaction {
  const operations = transaction.map(({ operation, meant: meaning }) => {
    const version = model.documents.get(`${operation.collection}/${operation.key}`)?.version ?? VERSION_OF_NOTHING;
    return { ...operation, condition: conditionOf(meaning, version) };
  });
  return { operations };
}

function conditionOf(meaning: Meant, version: string): Condition | undefined {
  switch (meaning) {
    case 'none':
      return undefined;
    case 'exists':
      return { ifMatch: '*' };
    case 'absent':
      return { ifNoneMatch: '*' };
    case 'as it is':
      return { ifMatch: [VERSION_OF_NOTHING, version] };
    case 'another':
      return { ifMatch: [VERSION_OF_NOTHING] };
    case 'changed':
      return { ifNoneMatch: [version] };
  }
}
