import { setTimeout as sleep } from 'node:timers/promises';
import { Comparison, type ComparisonCost, type DigestSource } from '@skein/http';
import { parsePosition, parseVersion, type DigestRoot, type Position } from '@skein/protocol';
import { differenceBetween, type Difference } from '@skein/replication';
import { ZodError } from 'zod';
import { CommandError } from '../cli/command-error.ts';
import { innermost } from '../data-directory.ts';
import { digestsOfBoth } from './digests-of-both.ts';
import { DirectorySource } from './directory-source.ts';
import { differencesOfMesh } from './mesh-differences.ts';
import { NodeSource } from './node-source.ts';
import type { VerifySource } from './verify-source.ts';

export interface VerifyOptions {
  /** How long two nodes of one log are waited for to be at one position; 10 seconds unless given. */
  readonly waitSeconds?: number | undefined;
  /** So many differences are kept, all are counted; 1,000 unless given. */
  readonly limit?: number | undefined;
  /** Told again and again how far it is. */
  readonly onProgress?: (progress: ComparisonCost & { readonly differences: number }) => void;
}

/**
 * - other-logs: each counts for itself.
 * - forked: of one log, and what one has at its end the other never had.
 * - leader-behind: the one that takes writes ends before the other, and will never come to what that one has.
 * - mesh: each has a log of its own, and changes have the same stamps in all of them.
 */
export type Apart = 'other-logs' | 'forked' | 'leader-behind' | 'mesh';

interface VerifiedSide {
  readonly url: string;
  readonly position: string;
  readonly log: string | null;
}

export interface VerifyReport {
  readonly a: VerifiedSide;
  readonly b: VerifiedSide;
  /** Why values, or in a mesh stamps, were compared: the two have no versions in common. Null when they have. */
  readonly apart: Apart | null;
  readonly documents: number;
  /** `mine` is the version in A, `theirs` that in B. */
  readonly differences: readonly Difference[];
  /** How many there are, also beyond the limit. */
  readonly count: number;
  /** Differences that were changes under way between the two positions: the side behind has come to them since. */
  readonly moved: number;
  /** Differences that may be such changes: the side behind did not come to where that could be told. Nothing is said of them. */
  readonly open: number;
}

const WAIT_SECONDS = 10;
const LIMIT = 1000;
/** A node keeps what it was asked about for a while, and not for many at once. */
const MEET_EVERY_MS = 1000;

/** Compares the documents of two nodes, each given by its address or by its data directory. */
export async function verifyNodes(a: string, b: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const opened = await Promise.allSettled([openSource(a), openSource(b)]);
  const sources = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  try {
    const failed = opened.find((each) => each.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return await verify(sources[0]!, sources[1]!, options);
  } catch (error) {
    throw explain(error);
  } finally {
    await Promise.all(sources.map((source) => source.close()));
  }
}

function explain(error: unknown): unknown {
  if (error instanceof CommandError) return error;
  if (error instanceof ZodError || error instanceof SyntaxError)
    return new CommandError(
      'unavailable',
      'one of the two does not answer as a Skein node of this version does',
      error,
    );
  return new CommandError('unavailable', `the two cannot be compared: ${innermost(error)}`, error);
}

async function openSource(given: string): Promise<VerifySource> {
  return /^https?:\/\//.test(given) ? new NodeSource(given) : DirectorySource.open(given);
}

async function verify(a: VerifySource, b: VerifySource, options: VerifyOptions): Promise<VerifyReport> {
  const { waitSeconds = WAIT_SECONDS, limit = LIMIT, onProgress } = options;
  const roles = await Promise.all([a.role(), b.role()]);
  if (roles.every((role) => role === 'mesh')) return verifyMesh(a, b, options);
  const { mine, theirs, apart } = await digestsToCompare(a, b, waitSeconds * 1000);
  const comparison = new Comparison(mine, theirs);
  const settle = settler({ source: a, root: mine.root }, { source: b, root: theirs.root });
  const differences: Difference[] = [];
  const counts = { drift: 0, moved: 0, open: 0 };
  for await (const difference of comparison.differences()) {
    const settled = await settle(difference);
    counts[settled]++;
    if (settled === 'drift' && differences.length < limit) differences.push(difference);
    onProgress?.({ ...comparison.cost, differences: counts.drift });
  }
  return {
    a: sideOf(a, mine.root),
    b: sideOf(b, theirs.root),
    apart,
    documents: mine.root.documents,
    differences,
    count: counts.drift,
    moved: counts.moved,
    open: counts.open,
  };
}

/** Nodes of a mesh have what the others wrote a little later: what differs is looked at until it does not, or the time is up. */
async function verifyMesh(
  a: VerifySource,
  b: VerifySource,
  { waitSeconds = WAIT_SECONDS, limit = LIMIT, onProgress }: VerifyOptions,
): Promise<VerifyReport> {
  const deadline = performance.now() + waitSeconds * 1000;
  for (;;) {
    const { mine, theirs, differences, count } = await differencesOfMesh([a, b], limit, onProgress);
    if (count > 0 && performance.now() < deadline) {
      await sleep(MEET_EVERY_MS);
      continue;
    }
    const { documents } = mine.root;
    const sides = { a: sideOf(a, mine.root), b: sideOf(b, theirs.root) };
    return { ...sides, apart: 'mesh', documents, differences, count, moved: 0, open: 0 };
  }
}

function sideOf({ url }: VerifySource, { position, log }: DigestRoot): VerifiedSide {
  return { url, position, log };
}

/**
 * Digests of both: at one position of their log, when they come to one within the time; and by value when they are not of
 * one history. Whoever is behind is asked again, before anything is said of it.
 */
async function digestsToCompare(a: VerifySource, b: VerifySource, waitMs: number): Promise<Digests> {
  let [mine, theirs] = await digestsOfBoth(a, b, 'version');
  if (!isOneLog(mine.root, theirs.root)) return byValue(a, b, 'other-logs');
  const deadline = performance.now() + waitMs;
  for (;;) {
    const ahead = offsetOf(mine.root) - offsetOf(theirs.root);
    if (ahead === 0 || performance.now() >= deadline) break;
    await sleep(Math.min(MEET_EVERY_MS, waitMs));
    if (ahead < 0) mine = await a.digest('version');
    else theirs = await b.digest('version');
  }
  checkReceived(a, mine.root);
  checkReceived(b, theirs.root);
  const apart = await whyApart({ source: a, root: mine.root }, { source: b, root: theirs.root });
  return apart === null ? { mine, theirs, apart } : byValue(a, b, apart);
}

async function byValue(a: VerifySource, b: VerifySource, apart: Apart): Promise<Digests> {
  const [mine, theirs] = await digestsOfBoth(a, b, 'value');
  return { mine, theirs, apart };
}

/** Whether both are on one history, and the one behind may come to where the other is. */
async function whyApart(a: RootedSource, b: RootedSource): Promise<Apart | null> {
  if (offsetOf(a.root) === offsetOf(b.root)) return a.root.position === b.root.position ? null : 'forked';
  const [behind, ahead] = offsetOf(a.root) < offsetOf(b.root) ? [a, b] : [b, a];
  if ((await ahead.source.holds(parsePosition(behind.root.position))) === 'no') return 'forked';
  // It may have gone on since its root was made, so it is asked what it has now.
  const isLate =
    (await behind.source.role()) !== 'leader' ||
    (await behind.source.holds(parsePosition(ahead.root.position))) !== 'ahead';
  return isLate ? null : 'leader-behind';
}

/** Nothing can be said of a follower that has nothing yet: all that its leader has is newer. */
function checkReceived({ url }: VerifySource, { log }: DigestRoot): void {
  if (log === null) throw new CommandError('unavailable', `${url} has received nothing from its leader yet`);
}

/** A follower that has nothing yet may come to be of any log. */
function isOneLog(mine: DigestRoot, theirs: DigestRoot): boolean {
  return mine.log === null || theirs.log === null || mine.log === theirs.log;
}

function offsetOf({ position }: DigestRoot): number {
  return parsePosition(position).offset;
}

interface Digests {
  readonly mine: DigestSource;
  readonly theirs: DigestSource;
  readonly apart: Apart | null;
}

interface RootedSource {
  readonly source: VerifySource;
  readonly root: DigestRoot;
}

type Settle = (difference: Difference) => Promise<'drift' | 'moved' | 'open'>;

/** Tells which differences are none but a change that one of the two has not come to yet. */
function settler(a: RootedSource, b: RootedSource): Settle {
  if (a.root.by === 'value') return async () => 'drift';
  const offsets = { mine: offsetOf(a.root), theirs: offsetOf(b.root) };
  const [behind, ahead] = offsets.mine < offsets.theirs ? [a, b] : [b, a];
  const position: Position = parsePosition(ahead.root.position);
  const lower = offsetOf(behind.root);
  let hasCome: boolean | undefined;
  return async (difference) => {
    const known = differenceBetween(difference, offsets);
    // What is newer than where a node stands is under way to it only if that node goes on.
    if (known === 'drift' || (known === 'moved' && hasCome === true)) return known;
    // A node that did not come there once is not waited for again.
    if (hasCome === false) return 'open';
    const version = await behind.source.versionAt(position, difference);
    hasCome = version !== undefined;
    if (version === undefined || known === 'moved') return version === undefined ? 'open' : 'moved';
    // Once it has come as far as the other was, it would have deleted the document, or written it anew.
    return version === null || parseVersion(version).offset > lower ? 'moved' : 'drift';
  };
}
