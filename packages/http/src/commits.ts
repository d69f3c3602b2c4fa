import type { Clock, Published, Store } from '@skein/core';
import { Waits } from './waits.ts';

/** Lets requests wait for what becomes durable. */
export class Commits extends Waits<Published> {
  constructor(store: Store, clock: Clock, stopping: AbortSignal) {
    super(clock, stopping);
    store.subscribe((published) => this.tell(published));
  }
}
