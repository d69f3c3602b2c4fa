import { encodeLine, EPOCHS, formatPosition, makeEpoch, type EpochDocument, type RecordView } from '@skein/protocol';
import type { Facts } from '../facts.ts';
import { buildRecord } from '../write/build-record.ts';

/** How an epoch begins; what it is called and where it begins are the store's to say. */
export interface NewEpoch extends Pick<EpochDocument, 'reason' | 'mayBeLost'> {
  readonly counter: number;
}

/** The first record of an epoch: it says how it began, and so every node of the log knows where the histories part. */
export function epochRecord(
  { counter, reason, mayBeLost }: NewEpoch,
  { identity, head, headTs }: Facts,
  { random, wallMs }: { readonly random: Uint8Array; readonly wallMs: number },
): RecordView {
  const epoch = makeEpoch(counter, random);
  const { node } = identity;
  const value: EpochDocument = {
    epoch,
    node,
    reason,
    after: formatPosition(head),
    ...(mayBeLost === undefined ? {} : { mayBeLost }),
  };
  const offset = head.offset + 1;
  const ts = Math.max(wallMs, headTs ?? 0);
  const line = encodeLine(
    { offset, ts, origin: node, collection: EPOCHS, key: String(counter) },
    JSON.stringify(value),
  );
  return buildRecord({ lines: [line], offsetFirst: offset, epoch, hashBefore: head.hash });
}
