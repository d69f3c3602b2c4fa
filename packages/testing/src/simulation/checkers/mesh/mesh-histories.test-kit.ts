import type { ChangeHead } from '@skein/protocol';
import { Violation, type Checker, type HistoryEvent } from '../../history.ts';
import { LogWriter, put, remove, writes } from '../histories.test-kit.ts';
import { asLeader } from './each-node.ts';
import { MeshLogs } from './mesh-logs.ts';

/*
 * Histories of a mesh of two nodes, a and b, whose changes are told as nodes tell them: what is deleted with its tombstone
 * behind it, what is put with the end of the tombstone that was there.
 */

type ChangeAsked = ReturnType<typeof put>;

interface Made {
  readonly by: string;
  readonly ms: number;
  readonly seq: number;
  readonly incarnation?: string;
  readonly over?: string;
}

export function stampOf({ by, ms, seq, incarnation = 'i1' }: Made): string {
  return `${ms}.${seq}.${incarnation}@${by}`;
}

function headOf({ by, ms, seq, incarnation = 'i1', over }: Made): Partial<ChangeHead> {
  return { ts: ms, origin: by, stamp: `${ms}.${seq}.${incarnation}`, ...(over === undefined ? {} : { over }) };
}

export function puts(key: string, valueText: string, made: Made): ChangeAsked {
  return put(key, valueText, headOf(made));
}

/** The deletion and its tombstone. */
export function deletes(key: string, made: Made): readonly ChangeAsked[] {
  return [remove(key, headOf(made)), entombs(key, made)];
}

export function entombs(key: string, made: Made): ChangeAsked {
  return put(`c/${key}`, 'null', { ...headOf(made), collection: '$tombstones' });
}

/** What goes with a put where there was a tombstone. */
export function unearths(key: string, made: Made): ChangeAsked {
  return remove(`c/${key}`, { ...headOf(made), collection: '$tombstones' });
}

/** A tombstone that nobody needs any more. */
export function drops(key: string, node: string, ts: number): ChangeAsked {
  return remove(`c/${key}`, { ts, origin: node, collection: '$tombstones' });
}

export class MeshHistory {
  readonly a = new LogWriter();
  readonly b = new LogWriter();

  /** A node has made these changes durable, as one record. */
  tells(node: 'a' | 'b', ...changes: readonly ChangeAsked[]): HistoryEvent {
    return { ...writes(this[node], ...changes), node, role: 'mesh' };
  }
}

export type MeshHistoryMaker = (mesh: MeshHistory) => readonly (HistoryEvent & { readonly ms?: number })[];

/** What a checker has against a history, or undefined when it takes it. */
export function meshViolationOf(make: (logs: MeshLogs) => Checker, history: MeshHistoryMaker): string | undefined {
  const logs = new MeshLogs();
  const checker = make(logs);
  try {
    for (const event of history(new MeshHistory())) {
      const timed = { ms: 0, ...event };
      if ('node' in timed) logs.ledgerOf(timed.node).observe(asLeader(timed));
      checker.observe(timed);
    }
    return undefined;
  } catch (error) {
    if (error instanceof Violation) return error.message;
    throw error;
  }
}
