import type { FastifyBaseLogger } from 'fastify';
import type { ServedNode } from '../node.ts';

/** Says in the log when the store takes no writes any more, with why, and when it takes them again. */
export function logStoreStates({ store, clock, stopping }: ServedNode, logger: FastifyBaseLogger | undefined): void {
  let failedAtMs: number | null = null;
  store.watch((state) => {
    switch (state) {
      case 'poisoned':
        failedAtMs ??= clock.now();
        logger?.error({ reason: store.failure }, 'a write failed; the store takes no more until it is reopened');
        break;
      case 'corrupt':
        failedAtMs ??= clock.now();
        logger?.error({ reason: store.failure }, 'the store is corrupt');
        break;
      case 'ready':
        if (failedAtMs !== null)
          logger?.warn({ seconds: Math.round((clock.now() - failedAtMs) / 1000) }, 'the store takes writes again');
        failedAtMs = null;
        break;
      case 'recovering':
      case 'closed':
    }
  }, stopping);
}
