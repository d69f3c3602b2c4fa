import { SkeinError } from '@skein/protocol';
import { earlier, later } from '../bytes.ts';
import { afterPrefix, indexEntryPrefix, type KeyRange } from '../level/layout.ts';
import { encodeFields, type IndexedValue } from './encode-fields.ts';
import type { Index } from './index-book.ts';
import type { IndexSpec } from './index-spec.ts';

/** Which documents of an index are wanted: those whose fields begin with these values, or lie between those. */
export interface IndexQuery {
  readonly prefix?: readonly IndexedValue[] | undefined;
  /** First values, inclusive; and the values to stop before. Fewer than there are fields stand for all that go on from them. */
  readonly from?: readonly IndexedValue[] | undefined;
  readonly to?: readonly IndexedValue[] | undefined;
  /** Behind what a page ended with, in the direction of the query. */
  readonly after?: string | undefined;
  readonly reverse?: boolean | undefined;
}

export type EntryRange = KeyRange | { readonly gt: Buffer; readonly lt: Buffer };

export function entryRange({ number, spec }: Index, query: IndexQuery): EntryRange {
  const at = (values: readonly IndexedValue[]): Buffer =>
    indexEntryPrefix(number, encodeFields(checkCount(spec, values)));
  let gte = at(query.prefix ?? []);
  let lt = afterPrefix(gte);
  if (query.from !== undefined) gte = later(gte, at(query.from));
  if (query.to !== undefined) lt = earlier(lt, at(query.to));
  if (query.after === undefined) return { gte, lt };
  const after = indexEntryPrefix(number, parseCursor(query.after));
  if (query.reverse === true) return { gte, lt: earlier(lt, after) };
  return after.compare(gte) < 0 ? { gte, lt } : { gt: after, lt };
}

const CURSOR_BYTES_MAX = 8 * 1024;

/** Where a page of an index ends: the entry itself, which a client hands back as it is. */
export function formatCursor(entryKey: Buffer): string {
  return entryKey.toString('base64url', indexEntryPrefix(0, Buffer.alloc(0)).length);
}

function parseCursor(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  if (text.length > CURSOR_BYTES_MAX || bytes.length === 0 || bytes.toString('base64url') !== text)
    throw new SkeinError('bad_query', 'after: is not what a page of an index ended with');
  return bytes;
}

function checkCount(spec: IndexSpec, values: readonly IndexedValue[]): readonly IndexedValue[] {
  const count = spec.kind === 'fields' ? spec.fields.length : 1;
  if (values.length <= count) return values;
  throw new SkeinError('bad_query', `the index ${spec.name} has ${count} fields; ${values.length} values were given`);
}
