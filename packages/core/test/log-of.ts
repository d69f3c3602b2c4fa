import { encodeLine, recordPosition, ZERO_HASH, type EpochSpan, type Position, type RecordView } from '@skein/protocol';
import { buildRecord } from '../src/write/build-record.ts';

const EPOCHS = ['1-aaaaaaaa', '2-bbbbbbbb'];

/** A log of records of these sizes. With two epochs, its second half is of another leadership. */
export function logOf(
  sizes: readonly number[],
  {
    epochs = 1,
    valueText = '1',
    tsOf = () => 1,
  }: { readonly epochs?: 1 | 2; readonly valueText?: string; readonly tsOf?: (record: number) => number } = {},
): { readonly records: readonly RecordView[]; readonly history: readonly EpochSpan[]; readonly head: Position } {
  const records: RecordView[] = [];
  const history: EpochSpan[] = [];
  let offsetFirst = 1;
  for (const [i, size] of sizes.entries()) {
    const epoch = EPOCHS[i < sizes.length / epochs ? 0 : 1]!;
    if (history.at(-1)?.epoch !== epoch) history.push({ epoch, offsetFirst });
    const lines = Array.from({ length: size }, (_, at) =>
      encodeLine({ offset: offsetFirst + at, ts: tsOf(i), origin: 'n', collection: 'c', key: `k${at}` }, valueText),
    );
    records.push(buildRecord({ lines, offsetFirst, epoch, hashBefore: records.at(-1)?.hash ?? ZERO_HASH }));
    offsetFirst += size;
  }
  return { records, history, head: recordPosition(records.at(-1)!) };
}
