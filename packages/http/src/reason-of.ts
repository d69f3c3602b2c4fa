import { isSkeinError } from '@skein/protocol';

/** What these say of a failure is what it means for a client; the reason is what they have wrapped. */
const WRAPPERS: ReadonlySet<string> = new Set(['internal', 'outcome_unknown']);

/** The innermost sentence: `fetch failed` says less than `connect ECONNREFUSED`. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause;
  const isWrapper = !isSkeinError(error) || WRAPPERS.has(error.code);
  if (inner instanceof Error && isWrapper) return reasonOf(inner);
  return error.message === '' ? error.name : error.message;
}
