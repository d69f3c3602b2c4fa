import { SkeinError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { isNodeId } from './names.ts';
import { parseOffset } from './position.ts';

/** Deletions of a mesh, each a document under `collection/key`. */
export const TOMBSTONES = '$tombstones';
/** What has lost to a change that did not know of it: a node's own, told to no other. */
export const CONFLICTS = '$conflicts';

/**
 * When and by whom a change of a mesh was made. Of two changes of a document the one with the greater stamp stays, on every
 * node and in whatever order they come; changes with equal stamps are the same.
 */
export interface Stamp {
  /** Hybrid time: never before what the node had seen when it made the change. */
  readonly ms: number;
  readonly node: string;
  /** Drawn anew whenever numbers could be used again. */
  readonly incarnation: string;
  /** Counts a node's changes within an incarnation, from 1; 0 for what no broker tells. */
  readonly seq: number;
}

/** What a change was written over: enough to tell whether whoever wrote it had seen another one. */
export type Over = Pick<Stamp, 'ms' | 'node'>;

const INCARNATION = /^[a-z0-9]{1,32}$/;

export function isIncarnation(text: string): boolean {
  return INCARNATION.test(text);
}

/** As in a line, which names the node as its origin: `MS.SEQ.INCARNATION`. */
export function formatStamp({ ms, seq, incarnation }: Omit<Stamp, 'node'>): string {
  return `${ms}.${seq}.${incarnation}`;
}

export function parseStamp(text: string, node: string): Stamp {
  const [msText = '', seqText = '', incarnation = '', ...rest] = text.split('.');
  const [ms, seq] = [parseOffset(msText), parseOffset(seqText)];
  if (ms === undefined || seq === undefined || !isIncarnation(incarnation) || rest.length > 0 || !isNodeId(node))
    throw new SkeinError('bad_record', `'${text.slice(0, 80)}' of '${node.slice(0, 80)}' is not a stamp`);
  return { ms, node, incarnation, seq };
}

/** `MS.NODE`; a node's id may have dots of its own. */
export function formatOver({ ms, node }: Over): string {
  return `${ms}.${node}`;
}

export function parseOver(text: string): Over {
  const dot = text.indexOf('.');
  const ms = parseOffset(text.slice(0, Math.max(dot, 0)));
  const node = text.slice(dot + 1);
  if (ms === undefined || !isNodeId(node))
    throw new SkeinError('bad_record', `'${text.slice(0, 80)}' does not say what was written over`);
  return { ms, node };
}

/** A stamp by itself, as digests name it: `MS.SEQ.INCARNATION@NODE`. */
export function formatPlacedStamp(stamp: Stamp): string {
  return `${formatStamp(stamp)}@${stamp.node}`;
}

export function parsePlacedStamp(text: string): Stamp {
  const at = text.indexOf('@');
  return parseStamp(text.slice(0, Math.max(at, 0)), text.slice(at + 1));
}

/** Below zero when `a` is older; zero only for the same change. Ids are ASCII: their characters are in the order of their bytes. */
export function compareStamps(a: Stamp, b: Stamp): number {
  return compareOvers(a, b) || compareTexts(a.incarnation, b.incarnation) || a.seq - b.seq;
}

export function isOlder(a: Over, b: Over): boolean {
  return compareOvers(a, b) < 0;
}

function compareOvers(a: Over, b: Over): number {
  return a.ms - b.ms || compareTexts(a.node, b.node);
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

const encoder = new TextEncoder();

/** In a mesh, collection and key together are the key of a tombstone, and no longer than one may be. */
export function checkMeshKey(collection: string, key: string): void {
  if (encoder.encode(key).length + collection.length + 1 > LIMITS.keyBytesMax)
    throw new SkeinError(
      'bad_key',
      `in a mesh, a collection and a key have at most ${LIMITS.keyBytesMax - 1} bytes together`,
    );
}
