import type { Clock, Store } from '@skein/core';
import { SkeinError, type Position } from '@skein/protocol';

const WAIT_MS_DEFAULT = 5000;

/** Lets an embedding program read its own writes: what `Skein-Min-Position` is over HTTP. */
export function waitForPosition(store: Store, clock: Clock): (position: Position, waitMs?: number) => Promise<void> {
  return async ({ offset }, waitMs = WAIT_MS_DEFAULT) => {
    const isThere = (): boolean => store.facts.head.offset >= offset;
    if (isThere()) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        cancel();
        stop();
        resolve();
      };
      const cancel = clock.later(waitMs, end);
      const stop = store.subscribe(() => {
        if (isThere()) end();
      });
    });
    if (!isThere()) throw new SkeinError('wait_timeout');
  };
}
