import {
  LineReader,
  makeEpoch,
  recordLines,
  recordPosition,
  SkeinError,
  START,
  takesWrites,
  type Epoch,
  type EpochPromises,
  type EpochSpan,
  type Position,
  type RecordView,
  type Role,
} from '@skein/protocol';
import { decodeNumber, encodeNumber, metaKey, type MetaName } from './level/layout.ts';
import { SYNCED, type Level, type LevelBatch, type LevelSnapshot } from './level/level.ts';
import { putSealed, unseal } from './level/sealed.ts';
import { NO_PROMISES } from './leadership/promises.ts';
import type { LogSizes } from './log/log-sizes.ts';
import { removeTrimmed } from './log/trim.ts';
import { verifyLog } from './log/verify.ts';
import { checkWitness } from './log/witness.ts';
import { systemRandomness, type RandomBytes } from './random-bytes.ts';

/** Written into every new store; another number means another layout, which this code does not read. */
const STORE_FORMAT = 1;

/** What a store is, as it says of itself. */
export interface Identity {
  /** Null until a follower has received its first page. */
  readonly log: string | null;
  readonly role: Role;
  readonly node: string;
}

/** What is durable, at one moment. Replaced as a whole after each batch, never changed in place. */
export interface Facts {
  readonly identity: Identity;
  readonly history: readonly EpochSpan[];
  readonly head: Position;
  /** Time of the newest change; null for an empty log. */
  readonly headTs: number | null;
  readonly tail: number;
  readonly promised: EpochPromises;
  /** An epoch of the same counter as this node has led with: while that is its newest, it writes nothing. */
  readonly rival: Epoch | null;
}

export interface NewStore {
  readonly role: Role;
  readonly node: string | undefined;
  /** The log a follower is to go on with, where that is known before it has any of it. */
  readonly log?: string | null | undefined;
  /** What the node has promised, where that is known before the store. */
  readonly promised?: EpochPromises | undefined;
  /** Names a new log, epoch and node. */
  readonly randomness?: RandomBytes | undefined;
}

/**
 * Reads a store's facts and proves its log: contiguous, chained, every hash true; measures it on the way. Creates them in
 * an empty Level.
 */
export async function loadFacts(level: Level, created: NewStore, sizes: LogSizes): Promise<Facts> {
  const format = await readMeta(level, 'format');
  if (format === undefined) return create(level, created);
  if (decodeNumber(format) !== STORE_FORMAT) {
    throw new SkeinError(
      'corrupt',
      `the store has format ${decodeNumber(format)}, this version of Skein reads ${STORE_FORMAT}`,
    );
  }
  const identity = await readJson<Identity>(level, 'identity');
  const history = await readHistory(level);
  const promised = (await readPromises(level)) ?? NO_PROMISES;
  const rival = (await readMeta(level, 'rival'))?.toString() ?? null;
  const tailBytes = await readMeta(level, 'tail');
  const tail = tailBytes === undefined ? 1 : decodeNumber(tailBytes);
  const last = await verifyLog(level, { tail, history }, { onRecord: (record) => sizes.note(record) });
  const head = last === undefined ? START : recordPosition(last);
  await checkWitness(level, head);
  // Only now: a tail that is not believed deletes nothing.
  await removeTrimmed(level, tail);
  return {
    identity: { ...identity, node: created.node ?? identity.node },
    history,
    head,
    headTs: last === undefined ? null : lastTs(last),
    tail,
    promised,
    rival,
  };
}

async function create(level: Level, created: NewStore): Promise<Facts> {
  const { role, node, promised = NO_PROMISES, randomness = systemRandomness } = created;
  await assertEmpty(level);
  const log = takesWrites(role) ? randomness(12).toString('hex') : (created.log ?? null);
  const identity = { log, role, node: node ?? `node-${randomness(4).toString('hex')}` };
  const history = takesWrites(role) ? [{ epoch: makeEpoch(1, randomness(8)), offsetFirst: 1 }] : [];
  const batch = level.batch();
  putNewStore(batch, identity, history);
  putPromises(batch, promised);
  await batch.write(SYNCED);
  return { identity, history, head: START, headTs: null, tail: 1, promised, rival: null };
}

/** A store whose format cannot be read is still one where anything else says so: it has rotted, and is no stranger. */
async function assertEmpty(level: Level): Promise<void> {
  const found = await level.keys({ limit: 1 }).all();
  if (found.length === 0) return;
  const others: readonly MetaName[] = ['identity', 'history', 'tail', 'witness'];
  if ((await level.hasMany(others.map(metaKey))).includes(true))
    throw new SkeinError('corrupt', 'the store does not say what format it has');
  throw new SkeinError('wrong_data', 'the directory holds a database that is not a Skein store');
}

/** What makes a store of a database; it is one when the batch is written. */
export function putNewStore(batch: LevelBatch, identity: Identity, history: readonly EpochSpan[]): void {
  putSealed(batch, metaKey('format'), encodeNumber(STORE_FORMAT));
  putSealed(batch, metaKey('identity'), encodeJson(identity));
  putSealed(batch, metaKey('history'), encodeJson(history));
}

export function putPromises(batch: LevelBatch, promised: EpochPromises): void {
  putSealed(batch, metaKey('promises'), encodeJson(promised));
}

export function encodeJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** The time of a record's last change. */
export function lastTs(record: RecordView): number {
  const lines = recordLines(record);
  const end = lines.length - 1;
  const reader = new LineReader();
  reader.read(lines, lines.lastIndexOf(0x0a, end - 1) + 1, end);
  return reader.ts;
}

export function readHistory(level: Level, snapshot?: LevelSnapshot): Promise<readonly EpochSpan[]> {
  return readJson(level, 'history', snapshot);
}

/** What a store says of itself that cannot be opened as one, and what it has promised; as far as it can be read. */
export async function salvageIdentity(level: Level): Promise<Partial<Identity & Pick<Facts, 'promised'>>> {
  const asFarAsReadable = async <T extends object>(read: () => Promise<T>): Promise<Partial<T>> =>
    read().catch((): Partial<T> => ({}));
  try {
    await level.open();
    const identity = await asFarAsReadable(() => readJson<Identity>(level, 'identity'));
    return {
      ...identity,
      ...(await asFarAsReadable(async () => ({ promised: (await readPromises(level)) ?? NO_PROMISES }))),
    };
  } catch {
    return {};
  } finally {
    await level.close();
  }
}

async function readPromises(level: Level): Promise<EpochPromises | undefined> {
  return (await readMeta(level, 'promises')) === undefined ? undefined : readJson<EpochPromises>(level, 'promises');
}

async function readMeta(level: Level, name: MetaName, snapshot?: LevelSnapshot): Promise<Buffer | undefined> {
  const key = metaKey(name);
  const sealed = await level.get(key, snapshot === undefined ? {} : { snapshot });
  return sealed === undefined ? undefined : unseal(key, sealed);
}

async function readJson<T>(level: Level, name: MetaName, snapshot?: LevelSnapshot): Promise<T> {
  const bytes = await readMeta(level, name, snapshot);
  try {
    return JSON.parse(bytes!.toString()) as T;
  } catch (error) {
    throw new SkeinError('corrupt', `the store's ${name} cannot be read`, {}, error);
  }
}
