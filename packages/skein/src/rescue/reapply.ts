import type { RescueHeader } from '@skein/core';
import { pageSchema, type Change } from '@skein/protocol';
import { askNode, detailOf, type NodeQuestion } from '../cli/ask-node.ts';
import { CommandError } from '../cli/command-error.ts';

export interface Reapplied {
  readonly written: number;
  /** It is as the change leaves it already. */
  readonly same: number;
  /** Documents that have been written or deleted since the histories parted; left as they are. */
  readonly conflicts: readonly string[];
}

interface Target {
  readonly url: string;
  readonly overwrites: boolean;
}

const PAGE_CHANGES = 5000;

/**
 * Writes the last of the changes to each document again, where nobody has written to the document since the histories parted:
 * whoever has knew nothing of the change. Those are left as they are, and named, unless they are to be overwritten.
 */
export async function reapply(
  changes: AsyncIterable<Change>,
  header: RescueHeader,
  target: Target,
): Promise<Reapplied> {
  const last = new Map<string, Change>();
  for await (const change of changes) if (!change.collection.startsWith('$')) last.set(nameOf(change), change);
  const writtenSince = await namesWrittenSince(header, target);
  let written = 0;
  let same = 0;
  const conflicts: string[] = [];
  for (const [name, change] of last) {
    const outcome = await reapplyOne(change, header, { ...target, isWrittenSince: writtenSince.has(name) });
    if (outcome === 'written') written++;
    else if (outcome === 'same') same++;
    else conflicts.push(name);
  }
  return { written, same, conflicts };
}

/** The documents that the node's own history has changes of behind the fork; none are looked for where all are overwritten. */
async function namesWrittenSince(
  { fork, log }: RescueHeader,
  { url, overwrites }: Target,
): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (let since = String(fork); ;) {
    const answer = await askNode(url, { path: `/v1/changes?since=${since}&limit=${overwrites ? 1 : PAGE_CHANGES}` });
    if (answer.status === 410 && !overwrites)
      throw new CommandError('failed', `the log of ${url} does not reach back to ${fork}; see --overwrite`);
    if (answer.status === 410) return names;
    if (answer.status !== 200) throw new CommandError('failed', `${url}: ${detailOf(answer)}`);
    const page = pageSchema.parse(answer.json);
    if (page.log !== log)
      throw new CommandError('failed', `${url} has log ${page.log}, and these are changes of ${log}`);
    if (overwrites) return names;
    for (const change of page.changes) names.add(nameOf(change));
    if (page.upToDate) return names;
    since = page.next;
  }
}

async function reapplyOne(
  change: Change,
  { epoch }: RescueHeader,
  { url, overwrites, isWrittenSince }: Target & { readonly isWrittenSince: boolean },
): Promise<'written' | 'same' | 'conflict'> {
  const path = `/v1/collections/${change.collection}/${encodeURIComponent(change.key)}`;
  const current = await askNode(url, { path });
  if (current.status !== 200 && current.status !== 404) throw failed(change, detailOf(current));
  const etag = current.status === 200 ? String(current.headers['etag']) : null;
  const isDelete = change.op === 'delete';
  if (isDelete ? etag === null : etag !== null && JSON.stringify(current.json) === JSON.stringify(change.value))
    return 'same';
  if (isWrittenSince && !overwrites) return 'conflict';
  const question: NodeQuestion = {
    method: isDelete ? 'DELETE' : 'PUT',
    path,
    headers: {
      ...(etag === null ? { 'if-none-match': '*' } : { 'if-match': etag }),
      // Repeated, it is done once.
      'idempotency-key': `rescue-${epoch}-${change.offset}-${etag ?? 'none'}`,
    },
    ...(isDelete ? {} : { body: JSON.stringify(change.value) }),
  };
  const answer = await askNode(url, question);
  if (answer.status === 412) return 'conflict';
  if (answer.status >= 300) throw failed(change, detailOf(answer));
  return 'written';
}

function nameOf({ collection, key }: Pick<Change, 'collection' | 'key'>): string {
  return `${collection}/${key}`;
}

function failed(change: Change, why: string): CommandError {
  return new CommandError(
    'failed',
    `${nameOf(change)} could not be written: ${why}; what was before it is, begin again`,
  );
}
