import type { Verdict } from '../health.ts';

/** A peer that is tailed, as health sees it. */
export interface PeerCondition {
  readonly url: string;
  /** Why what answers there is no peer of this node. */
  readonly fault: string | null;
  /** How long it has not been heard of; since the start, for one that has never been. */
  readonly silentMs: number;
  readonly lastError: string | null;
}

/** Why comparing with a peer fails. */
export interface Uncompared {
  /** For how long, without one that went well. */
  readonly ms: number;
  /** How often they are compared. */
  readonly everyMs: number;
  readonly reason: string;
}

export interface MeshCondition {
  readonly peers: readonly (PeerCondition & { readonly uncompared: Uncompared | null })[];
  /** A node whose clock is too far ahead, and by how much; null when there was none lately. */
  readonly ahead: { readonly node: string; readonly ms: number } | null;
  /** Until when this node's own times are ahead of its clock by more than others take; null when they are not. */
  readonly ownClockAheadUntil: string | null;
  /** Another node writes under this one's id. */
  readonly isIdShared: boolean;
  /** Why what comes in cannot be merged here. */
  readonly localError: string | null;
  /** What is the matter with what goes through a broker, as a sentence. */
  readonly eventsError: string | null;
}

/** One asks every ten seconds at least: three missed questions mean silence. */
export const PEER_SILENT_MS = 30_000;

/** Comparing may fail for so many intervals. */
const INTERVALS_MAX = 3;

/** All that is the matter with a node's part in a mesh. It takes writes and serves reads nevertheless. */
export function meshVerdict(condition: MeshCondition): Verdict {
  const sentences = [
    ...ownSentences(condition),
    ...condition.peers.flatMap(sentencesOfPeer),
    ...aheadSentences(condition),
  ];
  return sentences.length === 0 ? { healthy: true } : { healthy: false, reason: sentences.join('; ') };
}

function* ownSentences({ isIdShared, ownClockAheadUntil, localError, eventsError }: MeshCondition): Generator<string> {
  if (isIdShared) yield "another node writes under this node's id: no two may have the same";
  if (ownClockAheadUntil !== null)
    yield `this node's clock was ahead until ${ownClockAheadUntil}: other nodes hold its writes back until then (wait, or export them and begin with an empty directory)`;
  if (localError !== null) yield `what other nodes have written cannot be merged here (${localError})`;
  if (eventsError !== null) yield eventsError;
}

function sentencesOfPeer(peer: MeshCondition['peers'][number]): readonly string[] {
  const { url, fault, silentMs, lastError, uncompared } = peer;
  if (fault !== null) return [`the peer at ${url} is refused: ${fault}`];
  if (silentMs > PEER_SILENT_MS) {
    const why = lastError === null ? '' : ` (${lastError})`;
    return [`the peer at ${url} has not been heard of for ${Math.round(silentMs / 1000)} s${why}`];
  }
  if (uncompared === null || uncompared.ms <= INTERVALS_MAX * uncompared.everyMs) return [];
  const seconds = Math.round(uncompared.ms / 1000);
  return [`comparing with the peer at ${url} has failed for ${seconds} s (${uncompared.reason})`];
}

function aheadSentences({ ahead }: MeshCondition): readonly string[] {
  if (ahead === null) return [];
  const seconds = Math.round(ahead.ms / 1000);
  return [
    `the clock of node ${ahead.node} is ${seconds} s ahead of this node's: what it writes is not taken until then`,
  ];
}
