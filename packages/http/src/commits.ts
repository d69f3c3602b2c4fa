import type { Published } from '@skein/core';
import type { ServedNode } from './node.ts';
import { Waits } from './waits.ts';

/** Something has become durable here; or a follower has heard that there is nothing that it does not have. */
export type News = Published | 'up-to-date';

/** Lets requests wait for what happens to a node's log. */
export class Commits extends Waits<News> {
  constructor(node: Pick<ServedNode, 'store' | 'clock' | 'stopping' | 'following'>) {
    super(node.clock, node.stopping);
    node.store.subscribe((published) => this.tell(published), node.stopping);
    node.following?.onUpToDate(() => this.tell('up-to-date'));
  }
}
