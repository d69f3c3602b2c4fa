import { isSkeinError } from '@skein/protocol';

/** The innermost sentence: `fetch failed` says less than `connect ECONNREFUSED`. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause;
  if (inner instanceof Error && (!isSkeinError(error) || error.code === 'internal')) return reasonOf(inner);
  return error.message === '' ? error.name : error.message;
}
