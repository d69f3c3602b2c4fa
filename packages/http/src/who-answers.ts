import { HEADERS } from '@skein/protocol';
import type { HeaderList } from './answer.ts';
import type { ServedNode } from './node.ts';

/** What every answer says: role, node and epoch. */
export function whoAnswers(node: ServedNode): () => HeaderList {
  const unchanging = [HEADERS.role, node.role, HEADERS.node, node.store.facts.identity.node];
  let epoch: string | undefined;
  let headers: HeaderList = unchanging;
  return () => {
    const newest = node.bounds()?.history.at(-1)?.epoch;
    if (newest === epoch) return headers;
    epoch = newest;
    headers = newest === undefined ? unchanging : [...unchanging, HEADERS.epoch, newest];
    return headers;
  };
}
