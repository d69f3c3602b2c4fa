import { epochCounter, formatPosition, type LossAccepted, type Position } from '@skein/protocol';
import { lastCounter, type Heard } from './heard.ts';

/** The set that a node is promoted in. */
export interface MemberSet {
  /** All of them, the node itself included. */
  readonly members: number;
  /** On so many others a write is before it is acknowledged; the least that any of them is configured with. */
  readonly minReplicas: number;
}

/** A counter that nobody who was heard has seen an epoch, or a promise, of. */
export function counterToAsk(
  self: Pick<Heard, 'history' | 'promised'>,
  heard: readonly Pick<Heard, 'history' | 'promised'>[],
): number {
  return 1 + Math.max(...[self, ...heard].map((node) => Math.max(lastCounter(node), node.promised.spent)));
}

/**
 * A write that was acknowledged is on the leader and on `minReplicas` others. Any so many members have one of those among
 * them, since they leave out no more than `minReplicas`; and those that are left are too few to acknowledge anything more.
 */
export function promisesNeeded({ members, minReplicas }: MemberSet): number {
  return Math.max(1, members - minReplicas);
}

/** A member that has promised, and where its log ended then. */
export interface Promised {
  /** Null for the node that is promoted. */
  readonly url: string | null;
  readonly position: Position;
}

export interface Takeover extends MemberSet {
  readonly own: Position;
  /** Its own and those of others. */
  readonly promises: readonly Promised[];
  /** Members that have not promised. */
  readonly silent: readonly string[];
  /** The newest offset that is known to have been written by anybody. */
  readonly newestKnown: number;
  readonly acceptLoss: boolean;
}

export type TakeoverPlan =
  /** Another one that has promised has more. */
  | { readonly kind: 'fetch'; readonly from: string; readonly position: Position }
  | { readonly kind: 'lead'; readonly mayBeLost: LossAccepted | undefined }
  | { readonly kind: 'too-few'; readonly needed: number; readonly given: number; readonly mayBeLost: LossAccepted }
  /** It has too few without those of members that have a rival's changes, which would be given up. */
  | { readonly kind: 'rivals'; readonly mayBeLost: LossAccepted };

/**
 * What a candidate does with the promises it has been given. Those of members with a rival's changes count for nothing: when
 * the others are enough, every acknowledged write is on one of them, and what the rival has beside that is nobody's loss.
 */
export function planTakeover(takeover: Takeover): TakeoverPlan {
  const { own, promises, acceptLoss, silent } = takeover;
  const needed = promisesNeeded(takeover);
  const rivals = promises.filter(({ position }) => isRival(position, own));
  const sound = promises.filter((promise) => !rivals.includes(promise) && !isEmptied(promise.position, own));
  const given = sound.length;
  const unsound = promises.filter((promise) => !sound.includes(promise));
  const mayBeLost = lossOf(takeover, [...silent, ...unsound.map(({ url }) => url!)]);
  if (given < needed && !acceptLoss)
    return rivals.length > 0 ? { kind: 'rivals', mayBeLost } : { kind: 'too-few', needed, given, mayBeLost };
  const newest = mostAdvanced(sound);
  if (newest.url !== null && isAhead(newest.position, own))
    return { kind: 'fetch', from: newest.url, position: newest.position };
  return { kind: 'lead', mayBeLost: given < needed ? mayBeLost : undefined };
}

/** A member that has nothing may have had, and acknowledged, what it has lost since. */
function isEmptied(position: Position, own: Position): boolean {
  return position.offset === 0 && own.offset > 0;
}

/** The leadership that wrote it, and then how far it came. */
function isAhead(one: Position, other: Position): boolean {
  const [counter, otherCounter] = [counterOf(one), counterOf(other)];
  return counter === otherCounter ? one.offset > other.offset : counter > otherCounter;
}

function isRival(one: Position, other: Position): boolean {
  return one.offset > 0 && other.offset > 0 && one.epoch !== other.epoch && counterOf(one) === counterOf(other);
}

function counterOf({ offset, epoch }: Position): number {
  return offset === 0 ? 0 : epochCounter(epoch);
}

function mostAdvanced(promises: readonly Promised[]): Promised {
  return promises.reduce((newest, each) => (isAhead(each.position, newest.position) ? each : newest));
}

function lossOf({ own, newestKnown }: Takeover, members: readonly string[]): LossAccepted {
  return { after: formatPosition(own), upTo: newestKnown > own.offset ? newestKnown : null, members };
}
