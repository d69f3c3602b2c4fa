import type { JsonText, JsonValue, Position, Version } from '@skein/protocol';

/** What must hold of a document for an operation to happen: If-Match and If-None-Match, by version. */
export interface Condition {
  readonly ifMatch?: '*' | readonly Version[] | undefined;
  readonly ifNoneMatch?: '*' | readonly Version[] | undefined;
}

export type Operation = {
  readonly collection: string;
  readonly key: string;
  readonly condition?: Condition | undefined;
} & (
  | { readonly op: 'put'; readonly valueText: JsonText }
  | { readonly op: 'delete' }
  /** A delete that happens only if the document has expired. */
  | { readonly op: 'expire' }
  | { readonly op: 'patch'; readonly patch: JsonValue }
  | { readonly op: 'increment'; readonly by: number }
  | { readonly op: 'append' | 'prepend'; readonly text: string }
);

/** Digests of an idempotency key and of the request it came with, each 32 hex digits. */
export interface Idempotency {
  readonly keyDigest: string;
  readonly requestDigest: string;
}

/** What a caller asks to have written. Operations of one transaction happen together or not at all. */
export interface Transaction {
  readonly operations: readonly Operation[];
  readonly idempotency?: Idempotency | undefined;
  /** W3C trace context, carried in the lines. */
  readonly trace?: string | undefined;
}

export interface CommittedChange {
  readonly collection: string;
  readonly key: string;
  readonly version: Version;
  /** The document was not there before. */
  readonly created: boolean;
  /** The value now stored; undefined after a delete. */
  readonly valueText: JsonText | undefined;
}

/** What became of a transaction. It is durable. */
export interface Committed {
  /** The position of its last change. */
  readonly position: Position;
  readonly changes: readonly CommittedChange[];
  /** True when an earlier request with the same idempotency key had written it. */
  readonly replayed: boolean;
}
