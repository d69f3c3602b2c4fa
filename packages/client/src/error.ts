/** What a node refuses with; docs/ERRORS.md has all of them. */
export type NodeErrorCode =
  | 'ahead'
  | 'bad_body'
  | 'bad_collection'
  | 'bad_definition'
  | 'bad_header'
  | 'bad_json'
  | 'bad_key'
  | 'bad_line'
  | 'bad_number'
  | 'bad_path'
  | 'bad_position'
  | 'bad_query'
  | 'bad_record'
  | 'bad_request'
  | 'bad_version'
  | 'compacted'
  | 'corrupt'
  | 'definition_broken'
  | 'diverged'
  | 'fenced'
  | 'idempotency_mismatch'
  | 'incomplete_body'
  | 'index_building'
  | 'internal'
  | 'invalid_document'
  | 'leader_refused'
  | 'leader_unavailable'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'not_confirmed'
  | 'not_found'
  | 'not_leader'
  | 'not_unique'
  | 'origin_refused'
  | 'other_log'
  | 'outcome_unknown'
  | 'overloaded'
  | 'precondition_failed'
  | 'promise_refused'
  | 'promotion_refused'
  | 'request_timeout'
  | 'reserved_collection'
  | 'snapshot_gone'
  | 'starting'
  | 'stopping'
  | 'storage_full'
  | 'too_deep'
  | 'too_large'
  | 'too_stale'
  | 'under_replicated'
  | 'unknown_index'
  | 'unknown_path'
  | 'unsupported_media_type'
  | 'wait_timeout'
  | 'write_lost'
  | 'wrong_data'
  | 'wrong_type';

/** What the client itself says: no node could be reached, none answered in time, an answer was not one of Skein's. */
export type ClientErrorCode = 'unreachable' | 'timeout' | 'bad_answer';

/** Newer nodes may have codes that this client does not know. */
export type ErrorCode = NodeErrorCode | ClientErrorCode | (string & {});

/** `later`: the same request may do later, or at another node; the client has tried. `never`: not as it is. */
export type Retry = 'later' | 'never';

/** What passes by itself, or is not so at another node. */
const PASSING: ReadonlySet<string> = new Set<NodeErrorCode | ClientErrorCode>([
  'corrupt',
  'fenced',
  'incomplete_body',
  'index_building',
  'internal',
  'leader_refused',
  'leader_unavailable',
  'not_leader',
  'outcome_unknown',
  'overloaded',
  'request_timeout',
  'starting',
  'stopping',
  'storage_full',
  'timeout',
  'too_stale',
  'under_replicated',
  'unreachable',
  'wait_timeout',
]);

export type Problem = Readonly<Record<string, unknown>>;

interface ErrorParts {
  readonly status?: number | undefined;
  readonly problem?: Problem | undefined;
  readonly url?: string | undefined;
  readonly role?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly isOutcomeUnknown?: boolean | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly cause?: unknown;
}

const brand = Symbol.for('skein.client.error');

/** Whatever goes wrong, but for misuse (a TypeError) and what is aborted (the reason of its signal). */
export class SkeinError extends Error {
  /** Stable: what a program looks at. */
  readonly code: ErrorCode;
  /** A sentence for people. */
  readonly detail: string;
  /** Of the answer; null where there was none. */
  readonly status: number | null;
  /** The body of the refusal, with what it says beside its code: the `version` of a document, the `head` of a log. */
  readonly problem: Problem;
  readonly retry: Retry;
  /** The node that said so, or that did not answer. */
  readonly url: string | null;
  /** What it is: `leader` or `follower`, where it has said so. */
  readonly role: string | null;
  /** When the node wants to be asked again. */
  readonly retryAfterMs: number;
  /** Of a write: it may have been done all the same. Sent again under its `idempotencyKey` it is not done twice. */
  readonly isOutcomeUnknown: boolean;
  readonly idempotencyKey: string | null;
  readonly [brand] = true;

  constructor(code: ErrorCode, detail: string, parts: ErrorParts = {}) {
    super(`${code}: ${detail}`, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = 'SkeinError';
    this.code = code;
    this.detail = detail;
    this.status = parts.status ?? null;
    this.problem = parts.problem ?? {};
    this.retry = PASSING.has(code) ? 'later' : 'never';
    this.url = parts.url ?? null;
    this.role = parts.role ?? null;
    this.retryAfterMs = parts.retryAfterMs ?? 0;
    this.isOutcomeUnknown = parts.isOutcomeUnknown ?? false;
    this.idempotencyKey = parts.idempotencyKey ?? null;
  }

  /** The same with more known about it. */
  with(parts: ErrorParts): SkeinError {
    const { status, url, role, problem, retryAfterMs, isOutcomeUnknown, idempotencyKey, cause } = this;
    return new SkeinError(this.code, this.detail, {
      status: status ?? undefined,
      url: url ?? undefined,
      role: role ?? undefined,
      idempotencyKey: idempotencyKey ?? undefined,
      problem,
      retryAfterMs,
      isOutcomeUnknown,
      cause,
      ...parts,
    });
  }
}

/** Recognises them across copies of this package, too. */
export function isSkeinError(error: unknown, code?: ErrorCode): error is SkeinError {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false;
  return code === undefined || (error as SkeinError).code === code;
}

/** That there is nothing is an answer, too. */
export async function orNull<Found>(asked: Promise<Found>): Promise<Found | null> {
  try {
    return await asked;
  } catch (error) {
    if (isSkeinError(error, 'not_found')) return null;
    throw error;
  }
}
