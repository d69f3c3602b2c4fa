import type { Health, Position, RecordView, Role } from '@skein/protocol';

/*
 * What happens in a simulated world, as the checkers are told it. Everything in here was seen from outside or read from a
 * node's memory at the very moment: nothing is a node's claim of itself unless it says so.
 */

/** The content of a node's documents: `collection\0key` → the change that made it what it is. */
export type DocumentsSeen = ReadonlyMap<
  string,
  {
    readonly offset: number;
    readonly valueText: string;
    /** In a mesh: the stamp of the change, with the node that made it. */
    readonly made?: string | undefined;
  }
>;

/** An index that a node keeps, by the bytes on its disk. */
export interface IndexSeen {
  readonly collection: string;
  readonly name: string;
  readonly fields: readonly string[];
  readonly isReady: boolean;
  /** Keys of the documents it has, in its order. */
  readonly keys: readonly string[];
}

/** What one client asked to have written, as one request; a retry with the same idempotency key is the same write. */
export interface WriteAsked {
  /** Unique in the run. */
  readonly id: number;
  readonly client: string;
  readonly idempotencyKey: string | undefined;
  /** A put carries a value that names the write, so that every change can be traced to who asked for it. */
  readonly operations: readonly {
    readonly op: 'put' | 'delete' | 'increment' | 'decrement' | 'append' | 'prepend' | 'patch';
    readonly collection: string;
    readonly key: string;
    /** JSON text of a put, or of a patch. */
    readonly valueText?: string | undefined;
  }[];
  /** It deletes a whole collection: of its operations, those happen whose documents are there. */
  readonly isClearing?: true;
  /** It is not to be acknowledged before so many of these nodes have it durably. */
  readonly replicas?: { readonly count: number; readonly members: readonly string[] } | undefined;
}

export type HistoryEvent =
  /** A node's process began, and its store is open and verified: `records` is all that is in its log. */
  | {
      readonly kind: 'started';
      readonly node: string;
      readonly role: Role;
      readonly log: string | null;
      readonly head: Position;
      readonly records: readonly RecordView[];
    }
  /** A node's process ended: `crashed` in the middle of what it did. */
  | { readonly kind: 'ended'; readonly node: string; readonly how: 'stopped' | 'crashed' | 'power-lost' }
  /** Something of the node's disk was changed behind its back; from now on it may rightly say that it is corrupt. */
  | { readonly kind: 'damaged'; readonly node: string }
  /** Somebody has set a node's wall clock: it is ahead of the world's by so much from now on. */
  | { readonly kind: 'clock-set'; readonly node: string; readonly skewMs: number }
  /** A node's store told its listeners that records are durable. */
  | {
      readonly kind: 'published';
      readonly node: string;
      readonly role: Role;
      readonly log: string;
      readonly records: readonly RecordView[];
      readonly head: Position;
      /** The newest offset that a power cut at this moment would leave on the node's disk. */
      readonly durable: number;
      /** All documents at this moment, read beside the node; null once its disk was damaged. */
      readonly documents: DocumentsSeen | null;
    }
  /** A node serves another database than before: a copy it has made, or none, where it could not believe its own. */
  | {
      readonly kind: 'renewed';
      readonly node: string;
      readonly log: string | null;
      readonly head: Position;
      readonly durable: number;
      /** The oldest change that its log has. */
      readonly tail: number;
      /** Null when it is a copy of what was damaged. */
      readonly documents: DocumentsSeen | null;
      /** All lines that the node has ever saved to rescue files. */
      readonly rescued: ReadonlySet<string>;
    }
  /** A backup was taken of a node. */
  | {
      readonly kind: 'backed-up';
      readonly node: string;
      /** Where its log ended when the backup was begun. */
      readonly headBefore: Position;
      readonly position: Position;
      readonly documents: DocumentsSeen;
    }
  /** A node has what a backup had, and nothing else, and begins an epoch with it; what it had is gone. */
  | {
      readonly kind: 'restored';
      readonly node: string;
      /** Where that epoch begins. */
      readonly position: Position;
      /** When the others were asked what epochs there are. */
      readonly askedAtMs: number;
    }
  /** A follower said that documents of its own are other ones than those of the node it follows. */
  | { readonly kind: 'drift-found'; readonly node: string; readonly examples: readonly string[] }
  /** A node said that it does not keep its log for a follower any longer. */
  | { readonly kind: 'slot-lost'; readonly node: string; readonly follower: string }
  /** A follower said that the log of the node it follows does not lead on from where it is, and why. */
  | { readonly kind: 'cut-off'; readonly node: string; readonly reason: string }
  /** A client sent a write; `attempt` counts from 1. */
  | { readonly kind: 'write-sent'; readonly write: WriteAsked; readonly attempt: number; readonly node: string }
  | {
      readonly kind: 'write-acked';
      readonly id: number;
      readonly attempt: number;
      readonly position: Position;
      readonly replayed: boolean;
    }
  /** Refused: nothing of it was or will be written. Unknown: it may have been, or may still be. */
  | {
      readonly kind: 'write-failed';
      readonly id: number;
      readonly attempt: number;
      readonly outcome: 'refused' | 'unknown';
      readonly code: string;
    }
  /** A client read one document and had its answer. */
  | {
      readonly kind: 'read';
      readonly client: string;
      readonly node: string;
      readonly collection: string;
      readonly key: string;
      /** What the answer had to cover; undefined when the client asked for no such thing. */
      readonly minPosition: Position | undefined;
      /** What its session had already seen, and the answer may not fall behind; 0 when the client asked for no such thing. */
      readonly minOffset: number;
      /** Offset of the version that was answered; 0 when there was no document. */
      readonly versionOffset: number;
      readonly valueText: string | undefined;
      /** Where the log of the node ended, if that led, when the read was sent; and any leader's at most when its answer came. */
      readonly headBefore: number;
      readonly headAfter: number;
      readonly sentAtMs: number;
    }
  /** A client was told that the position it asked for is not in the history of the node. */
  | {
      readonly kind: 'read-lost';
      readonly client: string;
      readonly node: string;
      readonly minPosition: Position;
      readonly sentAtMs: number;
    }
  /** A reader of the feed got a page as JSON. */
  | {
      readonly kind: 'page';
      readonly reader: string;
      readonly node: string;
      readonly log: string;
      readonly epoch: string;
      readonly since: string;
      readonly next: string;
      readonly lines: readonly string[];
      readonly head: number;
      readonly upToDate: boolean;
      /** The newest offset that a power cut would have left on the serving node's disk when it answered. */
      readonly durable: number;
    }
  /** A reader asked a node where what was committed at a time that it has or later begins, and was told, or that it may be gone. */
  | {
      readonly kind: 'time-found';
      readonly reader: string;
      readonly node: string;
      readonly log: string;
      readonly epoch: string;
      readonly timeMs: number;
      /** The position behind which it begins; null for nowhere. */
      readonly since: string | null;
      readonly head: number;
      readonly tail: number;
    }
  /** A node was asked for its health; beside it the truth. */
  | {
      readonly kind: 'health';
      readonly node: string;
      readonly role: Role;
      /** Since the world began. */
      readonly atMs: number;
      readonly health: Health;
      /** Whether the node's store could take writes or pages at this moment. */
      readonly isStoreReady: boolean;
      readonly appliedOffset: number;
      /** The leader's head as of the last answer of the leader that reached this follower, and when; null before the first. */
      readonly lastContact: { readonly atMs: number; readonly head: number } | null;
      /** How long answers to it, and to those it follows, have been under way at most, all together. */
      readonly lateMsMax: number;
      /** A follower that has heard nothing for this long may not claim to be connected. */
      readonly silenceMsMax: number;
    }
  /** Faults have stopped, everything had time to converge, and these are the nodes' contents. */
  | {
      readonly kind: 'settled';
      readonly nodes: readonly {
        readonly node: string;
        readonly role: Role;
        readonly isDamaged: boolean;
        readonly isReady: boolean;
        readonly head: Position;
        readonly documents: DocumentsSeen;
        readonly indexes: readonly IndexSeen[];
        readonly health: Health | null;
      }[];
    };

/** An event with the moment it happened. */
export type TimedEvent = HistoryEvent & { readonly ms: number };

/** Throws a `Violation` at the first event that must not be. */
export interface Checker {
  /** The invariants it watches, as docs/INVARIANTS.md and the plan name them. */
  readonly name: string;
  observe(event: TimedEvent): void;
}

export class Violation extends Error {
  readonly checker: string;

  constructor(checker: string, message: string) {
    super(message);
    this.name = 'Violation';
    this.checker = checker;
  }
}
