import type { Store } from '@skein/core';
import { liveGauge, type SlotBook } from '@skein/http';
import type { Registry } from 'prom-client';

export function leaderMetrics(registry: Registry, store: Store, slots: () => SlotBook): void {
  liveGauge(registry, {
    name: 'skein_replication_changes_pending',
    help: 'Changes not yet acknowledged by every live follower; zero without followers.',
    value: () => slots().drift(store.facts.head.offset) ?? 0,
  });
}
