import {
  Copy,
  receiveLines,
  sha256,
  Store,
  type Clock,
  type Level,
  type RandomBytes,
  type ReceivedLines,
} from '@skein/core';
import {
  parseRecords,
  parseSnapshotPage,
  samePosition,
  SkeinError,
  type LossAccepted,
  type Position,
  type RecordView,
  type SnapshotPage,
} from '@skein/protocol';
import type { BackupDescription, BackupProgress, BackupSource } from './backup.ts';

interface ProvenPage {
  readonly page: SnapshotPage;
  readonly lines: ReceivedLines;
}

/** The pages of a backup in their order, each proven to be the one that was put there. */
async function* pagesOf(source: BackupSource, description: BackupDescription): AsyncGenerator<ProvenPage> {
  for (const [i, checksum] of description.pages.entries()) {
    const page = parseSnapshotPage(await source.readPage(i + 1), sha256);
    const isLast = i === description.pages.length - 1;
    const isOfIt =
      page.header.log === description.log &&
      samePosition(page.header.position, description.position) &&
      page.trailer.checksum === checksum &&
      (page.trailer.next === null) === isLast;
    if (!isOfIt) throw new SkeinError('bad_record', `page ${i + 1} is not of this backup`);
    yield { page, lines: receiveLines(page) };
  }
}

/** Reads all of a backup; throws where it is not whole. */
export async function proveBackup(
  source: BackupSource,
  onProgress?: (progress: BackupProgress) => void,
): Promise<BackupDescription> {
  const description = await source.describe();
  let documents = 0;
  for await (const { lines } of pagesOf(source, description)) {
    documents += lines.documents.length;
    onProgress?.({ documents, documentsTotal: description.documents });
  }
  assertDocuments(documents, description);
  await recordOf(source, description);
  return description;
}

export interface RestoreOptions {
  /** Empty. */
  readonly level: Level;
  readonly node: string;
  readonly clock: Clock;
  readonly randomness?: RandomBytes | undefined;
  /** Of the epoch that is begun. */
  readonly counter: number;
  readonly mayBeLost: LossAccepted;
  readonly onProgress?: (progress: BackupProgress) => void;
}

/**
 * Makes a leader's store of a backup, and begins an epoch with it: positions behind the backup are of another history from
 * then on, whoever has them. Answers where that epoch begins.
 */
export async function restoreStore(source: BackupSource, options: RestoreOptions): Promise<Position> {
  const { level, node, clock, randomness, counter, mayBeLost } = options;
  const description = await source.describe();
  await fill(source, description, options);
  const store = await Store.open({ level, role: 'follower', takesEitherRole: true, node, clock, randomness });
  try {
    const { problems } = await store.scrub();
    if (problems.length > 0)
      throw new SkeinError('corrupt', `what was restored is not what it should be: ${problems[0]}`);
    await store.leadership.promise({ counter, to: node });
    return await store.leadership.lead({ counter, reason: 'restored', mayBeLost });
  } finally {
    await store.close();
  }
}

async function fill(
  source: BackupSource,
  description: BackupDescription,
  { level, node, onProgress }: RestoreOptions,
): Promise<void> {
  const copy = await Copy.open(level);
  if (copy === null || copy.progress !== null) throw new SkeinError('wrong_data', 'there is something in it already');
  let documents = 0;
  for await (const { page, lines } of pagesOf(source, description)) {
    await copy.add(page.header, { next: page.trailer.next, lines });
    documents += lines.documents.length;
    onProgress?.({ documents, documentsTotal: description.documents });
  }
  assertDocuments(documents, description);
  await copy.finish(await recordOf(source, description), node);
}

async function recordOf(source: BackupSource, { position }: BackupDescription): Promise<RecordView | null> {
  const bytes = await source.readRecord();
  const [record = null, ...others] = bytes.length === 0 ? [] : parseRecords(bytes);
  if (others.length > 0 || (record === null) !== (position.offset === 0))
    throw new SkeinError('bad_record', 'the record that the backup ends with is not there');
  return record;
}

function assertDocuments(documents: number, description: BackupDescription): void {
  if (documents !== description.documents)
    throw new SkeinError('bad_record', `it has ${documents} documents, and says ${description.documents}`);
}
