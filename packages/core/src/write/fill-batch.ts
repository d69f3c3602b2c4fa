import { recordPosition, type EpochSpan, type Position, type RecordView, type Role } from '@skein/protocol';
import { asBuffer } from '../bytes.ts';
import type { CountBook, CountDelta, CountDeltas } from '../counts.ts';
import { encodeJson, type Facts } from '../facts.ts';
import {
  ALL_IDEMPOTENCY_AGES,
  countKey,
  encodeNumber,
  idempotencyAgeKey,
  idempotencyKey,
  metaKey,
  parseIdempotencyAgeKey,
  recordKey,
} from '../level/layout.ts';
import type { Level, LevelBatch } from '../level/level.ts';
import { putSealed, unseal } from '../level/sealed.ts';
import { putEntries, type EntryChanges } from '../indexes/plan-entries.ts';
import { decodeEntry, isExpired, putEntry, type IdempotencyEntry } from './idempotency.ts';
import type { WalkedChange } from './walk-records.ts';
import type { ReceivedPage } from './check-received.ts';

/** Pages up to this many changes look up what was there before, which keeps the counts of their collections known. */
const LOOK_UP_CHANGES_MAX = 200;

/** How many expired idempotency entries a batch takes with it for each that it adds, so that they cannot pile up. */
const EXPIRED_PER_ADDED = 2;

const NOTHING_REMEMBERED: ReadonlySet<number> = new Set();

/** A page walked and looked up: all that is needed to write it, and to know what is so afterwards. */
export interface PreparedPage {
  readonly log: string;
  readonly records: readonly RecordView[];
  readonly changes: readonly WalkedChange[];
  /** For each change whether its document was there before; null when nobody looked. */
  readonly existed: readonly boolean[] | null;
  readonly expired: readonly ExpiredEntry[];
  /** Offsets of changes whose idempotency entry is here already. */
  readonly remembered: ReadonlySet<number>;
  readonly entries: EntryChanges;
  /** The role the node takes on with it; the one it has unless given. */
  readonly role?: Role;
}

interface ExpiredEntry {
  readonly offset: number;
  readonly digest: string;
  readonly ownsEntry: boolean;
}

/** What a page does to the indexes that are kept. */
export type EntriesOf = (changes: readonly WalkedChange[], existed: readonly boolean[] | null) => Promise<EntryChanges>;

/** The one path to the disk: a leader's group commit and a follower's page both come through here. */
export async function preparePage(
  level: Level,
  log: string,
  { records, changes }: ReceivedPage,
  { existed: known, entriesOf }: { readonly existed: readonly boolean[] | null; readonly entriesOf: EntriesOf },
): Promise<PreparedPage> {
  const entriesAdded = changes.filter((change) => change.idempotency !== undefined).length;
  const mustLook = known === null && (entriesAdded > 0 || changes.length <= LOOK_UP_CHANGES_MAX);
  const existed = mustLook ? await lookUp(level, changes) : known;
  const expired = await findExpired(level, changes.at(-1)!.ts, EXPIRED_PER_ADDED * entriesAdded);
  const remembered = mustLook && entriesAdded > 0 ? await findRemembered(level, changes) : NOTHING_REMEMBERED;
  const entries = await entriesOf(changes, existed);
  return { log, records, changes, existed, expired, remembered, entries };
}

/** What is other once the batch is durable. */
export interface AfterBatch {
  readonly facts: Pick<Facts, 'identity' | 'history' | 'head' | 'headTs'>;
  readonly countDeltas: CountDeltas;
}

/** A page in a batch, and what is other once that is written. */
export interface StagedPage {
  readonly received: ReceivedPage;
  readonly batch: LevelBatch;
  readonly after: AfterBatch;
  /** It is good while the log ends here, and the store has the same revision. */
  readonly behind: Position;
  readonly revision: number;
}

/** Puts a page into one batch, all but the counts, which are put last; nothing has happened until it is written. */
export function fillBatch(batch: LevelBatch, page: PreparedPage, facts: Facts): AfterBatch {
  for (const record of page.records) batch.put(recordKey(record.offsetLast), asBuffer(record.bytes));
  for (const change of page.changes) {
    if (change.stored === null) batch.del(change.levelKey);
    else batch.put(change.levelKey, change.stored);
  }
  putEntries(batch, page.entries);
  putIdempotency(batch, page);
  const next = {
    identity: putIdentity(batch, page, facts),
    history: putHistory(batch, page, facts),
    head: recordPosition(page.records.at(-1)!),
    headTs: page.changes.at(-1)!.ts,
  };
  return { facts: next, countDeltas: countDeltas(page) };
}

async function lookUp(level: Level, changes: readonly WalkedChange[]): Promise<readonly boolean[]> {
  const stored = await level.hasMany(changes.map((change) => change.levelKey));
  const present = new Map<string, boolean>();
  return changes.map((change, i) => {
    const id = change.levelKey.toString('latin1');
    const existed = present.get(id) ?? stored[i]!;
    present.set(id, change.stored !== null);
    return existed;
  });
}

/**
 * A copy made of several snapshots has the entries of the newest one while it replays the log from the first. Those stay:
 * which documents a write created cannot be told from documents that are younger than it.
 */
async function findRemembered(level: Level, changes: readonly WalkedChange[]): Promise<ReadonlySet<number>> {
  const keyed = changes.filter(({ idempotency }) => idempotency !== undefined);
  const digests = keyed.map(({ idempotency }) => idempotency!.keyDigest);
  const entries = await level.getMany(digests.map(idempotencyKey));
  const isHere = ({ offset }: WalkedChange, i: number): boolean =>
    entries[i] !== undefined && decodeEntry(digests[i]!, entries[i]).offsetFirst >= offset;
  return new Set(keyed.filter(isHere).map(({ offset }) => offset));
}

async function findExpired(level: Level, nowTs: number, limit: number): Promise<readonly ExpiredEntry[]> {
  if (limit === 0) return [];
  const oldest = await level.iterator({ ...ALL_IDEMPOTENCY_AGES, limit }).all();
  const digests = oldest.map(([ageKey, sealed]) => unseal(ageKey, sealed).toString('latin1'));
  const entries = await level.getMany(digests.map(idempotencyKey));
  const expired: ExpiredEntry[] = [];
  for (const [i, [ageKey]] of oldest.entries()) {
    const offset = parseIdempotencyAgeKey(ageKey);
    const stored = entries[i];
    const entry = stored === undefined ? undefined : decodeEntry(digests[i]!, stored);
    // A key used again after it expired has a younger entry, which its old age must not take along.
    const ownsEntry = entry?.offsetFirst === offset;
    if (ownsEntry && !isExpired(entry, nowTs)) break;
    expired.push({ offset, digest: digests[i]!, ownsEntry });
  }
  return expired;
}

function putIdempotency(batch: LevelBatch, page: PreparedPage): void {
  for (const { offset, digest, ownsEntry } of page.expired) {
    batch.del(idempotencyAgeKey(offset));
    if (ownsEntry) batch.del(idempotencyKey(digest));
  }
  for (const [i, change] of page.changes.entries()) {
    if (change.idempotency === undefined || page.remembered.has(change.offset)) continue;
    const { keyDigest, requestDigest } = change.idempotency;
    const record = page.records.find(({ offsetLast }) => offsetLast >= change.offset)!;
    const entry: IdempotencyEntry = {
      requestDigest,
      offsetFirst: change.offset,
      offsetLast: change.transactionEnd,
      ts: change.ts,
      position: { offset: change.transactionEnd, epoch: record.epoch, hash: record.hash },
      created: createdBy(page, i, change.transactionEnd - change.offset + 1),
    };
    putEntry(batch, keyDigest, entry);
  }
}

/** Which changes of a transaction made a document that was not there, counted from its first. */
function createdBy({ changes, existed }: PreparedPage, first: number, count: number): readonly number[] {
  const created: number[] = [];
  for (let i = 0; i < count; i++)
    if (existed?.[first + i] === false && changes[first + i]!.stored !== null) created.push(i);
  return created;
}

/** A follower's empty store takes on the log of the first page it receives. */
function putIdentity(batch: LevelBatch, page: PreparedPage, { identity }: Facts): Facts['identity'] {
  const { log, role = identity.role } = page;
  if (identity.log !== null && role === identity.role) return identity;
  const adopted = { ...identity, log, role };
  putSealed(batch, metaKey('identity'), encodeJson(adopted));
  return adopted;
}

function putHistory(batch: LevelBatch, page: PreparedPage, { history }: Facts): readonly EpochSpan[] {
  const begun: EpochSpan[] = [];
  for (const { epoch, offsetFirst } of page.records) {
    const last = begun.at(-1) ?? history.at(-1);
    if (last?.epoch !== epoch) begun.push({ epoch, offsetFirst });
  }
  if (begun.length === 0) return history;
  const next = [...history, ...begun];
  putSealed(batch, metaKey('history'), encodeJson(next));
  return next;
}

function countDeltas(page: PreparedPage): CountDeltas {
  const deltas = new Map<string, CountDelta>();
  for (const [i, change] of page.changes.entries()) {
    const before = deltas.get(change.collection) ?? 0;
    const delta = page.existed === null ? null : before + Number(change.stored !== null) - Number(page.existed[i]);
    deltas.set(change.collection, delta);
  }
  return deltas;
}

export function putCounts(batch: LevelBatch, deltas: CountDeltas, counts: CountBook): void {
  for (const [collection, delta] of deltas) {
    const count = counts.after(collection, delta);
    // An unknown count is stored as an empty value, so that the collection is still known to exist.
    putSealed(batch, countKey(collection), count === null ? Buffer.alloc(0) : encodeNumber(count));
  }
}
