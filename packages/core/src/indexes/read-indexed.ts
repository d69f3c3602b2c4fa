import type { JsonValue } from '@skein/protocol';
import { asBuffer } from '../bytes.ts';
import { readStoredDocument, valueTextOf } from '../document.ts';
import type { IndexedDocument } from './index-spec.ts';

/** A stored document as an index looks at it; undefined where there is none. */
export function readIndexed(levelKey: Buffer, stored: Buffer | undefined): IndexedDocument | undefined {
  if (stored === undefined) return undefined;
  const read = readStoredDocument(asBuffer(stored), levelKey);
  return { ts: read.ts, value: JSON.parse(valueTextOf(read)) as JsonValue };
}
