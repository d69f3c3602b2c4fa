import type { Store } from '@skein/core';
import { liveGauge, type SlotBook } from '@skein/http';
import { Counter, type Registry } from 'prom-client';
import type { ExpirySweeper } from './expiry-sweeper.ts';

interface Measured {
  readonly store: Store;
  readonly slots: SlotBook;
  readonly sweeper: ExpirySweeper;
}

export function leaderMetrics(registry: Registry, { store, slots, sweeper }: Measured): void {
  liveGauge(registry, {
    name: 'skein_replication_changes_pending',
    help: 'Changes not yet acknowledged by every live follower; zero without followers.',
    value: () => slots.drift(store.facts.head.offset) ?? 0,
  });
  const expired = new Counter({
    name: 'skein_expired_documents_total',
    help: 'Documents deleted by this leader because they had expired.',
    registers: [registry],
  });
  sweeper.onDeleted((count) => expired.inc(count));
}
