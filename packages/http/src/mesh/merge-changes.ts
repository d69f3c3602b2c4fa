import { mergeChangeOf, type MergeChange } from '@skein/core';
import { isSkeinError, LIMITS, SkeinError } from '@skein/protocol';

const NEWLINE = 0x0a;

/** The changes of a body of lines, all of them good, or a refusal that names the first that is not. */
export function mergeChangesOf(body: Buffer): readonly MergeChange[] {
  const changes: MergeChange[] = [];
  for (let at = 0; at < body.length;) {
    const found = body.indexOf(NEWLINE, at);
    const end = found === -1 ? body.length : found;
    if (changes.length === LIMITS.transactionOperationsMax) throw tooMany();
    changes.push(mergeChangeIn(body.subarray(at, end), changes.length + 1));
    at = end + 1;
  }
  return changes;
}

function mergeChangeIn(bytes: Buffer, line: number): MergeChange {
  try {
    const change = mergeChangeOf(bytes);
    if (change !== null) return change;
    throw new SkeinError('bad_record', 'it is no change that one node of a mesh tells another');
  } catch (error) {
    if (!isSkeinError(error)) throw error;
    throw new SkeinError('bad_record', `line ${line}: ${error.message}`, { line }, error);
  }
}

function tooMany(): SkeinError {
  const limit = LIMITS.transactionOperationsMax;
  return new SkeinError('too_large', `a node takes ${limit} changes at once`, { limit });
}
