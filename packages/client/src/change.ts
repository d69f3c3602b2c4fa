import type { NodeErrorCode, Problem, SkeinError } from './error.ts';
import type { Position } from './position.ts';

interface ChangeHead {
  readonly offset: number;
  /** When it was committed, in milliseconds since 1970. */
  readonly ts: number;
  /** The node that took the write. */
  readonly origin: string;
  /** In a mesh: when it was made, and what it was written over. */
  readonly stamp?: string;
  readonly over?: string;
  /** Offset of the last change of its transaction, when that has several. */
  readonly tx?: number;
  readonly idem?: string;
  /** The `traceparent` of the write. */
  readonly trace?: string;
  readonly collection: string;
  readonly key: string;
}

/** One document put or deleted. */
export type Change<T = unknown> = ChangeHead &
  ({ readonly op: 'put'; readonly value: T } | { readonly op: 'delete'; readonly value?: undefined });

export type ChangeEvent<T = unknown> =
  | { readonly kind: 'change'; readonly change: Change<T> }
  /** All changes up to there have been given: what to keep, and to go on from. `isLive`: that was all there is. */
  | { readonly kind: 'position'; readonly position: Position; readonly isLive: boolean }
  /** No node answers, or none that has come as far; it is tried again, and a `position` says when that is over. */
  | { readonly kind: 'offline'; readonly error: SkeinError }
  /**
   * What was read is no longer how it was, and what has been made of it is to be thrown away. When it `goesOn`, all documents
   * that are there now follow as changes, then a `position`, then what is changed from there on. Else an error follows.
   */
  | {
      readonly kind: 'reset';
      readonly code: NodeErrorCode | (string & {});
      readonly detail: string;
      /** From where on it could not go on. */
      readonly since: Position;
      readonly goesOn: boolean;
      readonly problem: Problem;
    };
