import { isUtf8 } from 'node:buffer';
import { checkKey, isSkeinError, LIMITS, parseJson, type JsonValue } from '@skein/protocol';
import { UnreadableError, type Piece } from './piece.ts';

/** The document itself is one level below its line. */
const DEPTH_MAX = LIMITS.jsonDepthMax + 1;

/** Holds a document to all that every node holds it to; how large a value may be, and of which shape, each says for itself. */
export function checkPiece({ line, text }: Piece): void {
  const problem = isUtf8(text) ? problemOf(text.toString()) : 'it is not UTF-8';
  if (problem !== null) throw new UnreadableError(line, problem);
}

function problemOf(text: string): string | null {
  try {
    const key = keyOf(parseJson(text, DEPTH_MAX));
    if (key === null) return 'it is not {"key","value"}, with a string and any JSON';
    checkKey(key);
    return null;
  } catch (error) {
    if (isSkeinError(error)) return error.message;
    throw error;
  }
}

function keyOf(document: JsonValue): string | null {
  if (typeof document !== 'object' || document === null) return null;
  if (Object.keys(document).toSorted().join() !== 'key,value') return null;
  const { key } = document as { readonly key: JsonValue };
  return typeof key === 'string' ? key : null;
}
