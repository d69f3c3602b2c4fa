import { parseVersion, type Change } from '@skein/protocol';
import { askNode, detailOf, type NodeQuestion } from '../cli/ask-node.ts';
import { CommandError } from '../cli/command-error.ts';
import type { RescueHeader } from '@skein/core';

export interface Reapplied {
  readonly written: number;
  /** It is as the change leaves it already. */
  readonly same: number;
  /** Documents that have been written since the histories parted; left as they are. */
  readonly conflicts: readonly string[];
}

/**
 * Writes the last of the changes to each document again, where the document is as it was when the histories parted. Whoever
 * has written to it since knew nothing of the change: that is left as it is, and named, unless it is to be overwritten.
 */
export async function reapply(
  changes: AsyncIterable<Change>,
  header: RescueHeader,
  { url, overwrites }: { readonly url: string; readonly overwrites: boolean },
): Promise<Reapplied> {
  const last = new Map<string, Change>();
  for await (const change of changes)
    if (!change.collection.startsWith('$')) last.set(`${change.collection}\0${change.key}`, change);
  let written = 0;
  let same = 0;
  const conflicts: string[] = [];
  for (const change of last.values()) {
    const outcome = await reapplyOne(change, header, { url, overwrites });
    if (outcome === 'written') written++;
    else if (outcome === 'same') same++;
    else conflicts.push(`${change.collection}/${change.key}`);
  }
  return { written, same, conflicts };
}

async function reapplyOne(
  change: Change,
  { epoch, fork }: RescueHeader,
  { url, overwrites }: { readonly url: string; readonly overwrites: boolean },
): Promise<'written' | 'same' | 'conflict'> {
  const path = `/v1/collections/${change.collection}/${encodeURIComponent(change.key)}`;
  const current = await askNode(url, { path });
  if (current.status !== 200 && current.status !== 404) throw failed(change, detailOf(current));
  const etag = current.status === 200 ? String(current.headers['etag']) : null;
  const isDelete = change.op === 'delete';
  if (isDelete ? etag === null : etag !== null && JSON.stringify(current.json) === JSON.stringify(change.value))
    return 'same';
  const isSince = etag !== null && parseVersion(etag.slice(1, -1)).offset > fork;
  if (isSince && !overwrites) return 'conflict';
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

function failed({ collection, key }: Change, why: string): CommandError {
  return new CommandError(
    'failed',
    `${collection}/${key} could not be written: ${why}; what was before it is, begin again`,
  );
}
