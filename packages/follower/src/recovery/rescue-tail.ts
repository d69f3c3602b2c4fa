import { rescueFrom, type RescueFiles, type RescueHeader, type Store } from '@skein/core';
import type { NodeApi } from '@skein/http';
import { memberSchema, parsePosition } from '@skein/protocol';
import { forkOf, lastEpoch } from '@skein/replication';

export interface Rescued extends RescueHeader {
  readonly file: string;
}

/**
 * Saves what a store has and its leader's history has not, before it goes back to where the two part. Null where there is no
 * such thing: all that is here is there, or the leader has another log, which this one never led to.
 */
export async function rescueTail(
  { store, api, files }: { readonly store: Store; readonly api: NodeApi; readonly files: RescueFiles },
  signal: AbortSignal,
): Promise<Rescued | null> {
  const theirs = memberSchema.parse(await api.get('/v1/member', signal));
  const { identity, history, head } = store.facts;
  const replacedBy = lastEpoch(theirs);
  if (theirs.log !== identity.log || replacedBy === undefined) return null;
  const branch = { history: theirs.history, head: parsePosition(theirs.position).offset };
  const fork = forkOf({ history, head: head.offset }, branch);
  if (fork >= head.offset) return null;
  const { name, header } = await rescueFrom(store, { fork, replacedBy }, files);
  return { ...header, file: name };
}
