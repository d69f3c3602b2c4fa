import { formatPosition, LIMITS, samePosition, SkeinError, type RecordView } from '@skein/protocol';
import { loadCounts, type CountBook } from './counts.ts';
import { RuleBook } from './definitions/rule-book.ts';
import { loadFacts, type Facts, type NewStore } from './facts.ts';
import { IndexBook } from './indexes/index-book.ts';
import type { Level } from './level/level.ts';
import { LogSizes } from './log/log-sizes.ts';
import { readLog, type LogReadLimits } from './log/read.ts';

/** More than one batch can hold, and one is all that can have been in flight. */
const FOUND_MAX: LogReadLimits = { changesMax: 1_000_000, bytesMax: LIMITS.recordBytesMax };

/** All that a store knows by heart of what is in its database. */
export interface Contents {
  readonly facts: Facts;
  readonly counts: CountBook;
  readonly sizes: LogSizes;
  readonly rules: RuleBook;
  readonly indexes: IndexBook;
}

/** Reads a database that is open, and proves its log. */
export async function loadContents(level: Level, options: NewStore): Promise<Contents> {
  const sizes = new LogSizes();
  const facts = await loadFacts(level, options, sizes);
  const counts = await loadCounts(level);
  return { facts, counts, sizes, rules: await RuleBook.load(level), indexes: await IndexBook.load(level) };
}

export interface Reopened extends Contents {
  /** What is behind the head as it was: a write whose outcome was unknown came through. Or it was a move that did. */
  readonly found: readonly RecordView[] | 'moved';
}

/** Closes and opens a database and reads it anew, all of it before any of it is believed. */
export async function reopen(
  level: Level,
  options: NewStore,
  before: Facts,
  movingTo: Facts | null,
): Promise<Reopened> {
  await level.close();
  await level.open();
  const contents = await loadContents(level, options);
  const { facts } = contents;
  const isMoved =
    movingTo !== null && movingTo.identity.log === facts.identity.log && samePosition(movingTo.head, facts.head);
  return { ...contents, found: isMoved ? 'moved' : await readFound(level, facts, before) };
}

/** The head as it was must still be there: it was acknowledged. */
async function readFound(level: Level, facts: Facts, before: Facts): Promise<readonly RecordView[]> {
  const { identity, head } = before;
  const { records, held } = await readLog(level, facts, head.offset, FOUND_MAX);
  const isSameLog = identity.log === null || identity.log === facts.identity.log;
  if (!isSameLog || !samePosition(head, held ?? facts.head)) {
    throw new SkeinError('corrupt', `the log no longer holds ${formatPosition(head)}, which was acknowledged`);
  }
  return records;
}
