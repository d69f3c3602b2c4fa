import { liveGauge } from '@skein/http';
import { Counter, Gauge, type Registry } from 'prom-client';
import { WAYS, type Tally, type Way } from './intake.ts';
import type { Peer } from './peers/peer.ts';
import type { Repaired } from './repair/peer-repair.ts';

export interface MeshMeasured {
  readonly peers: readonly Peer[];
  readonly tallyOf: (way: Way) => Tally;
  readonly tombstones: () => number | null;
  readonly clockAheadSeconds: () => number;
}

const CIRCUIT = { closed: 0, 'half-open': 1, open: 2 } as const;
const OUTCOMES = { taken: 'taken', known: 'known', passedOver: 'passed_over', quarantined: 'quarantined' } as const;

/** What is measured of a node's part in a mesh. */
export class MeshMetrics {
  readonly #comparisons = new Counter({
    name: 'skein_repair_cycles_total',
    help: 'Comparisons with the documents of a peer.',
    registers: [],
  });
  readonly #divergences = new Counter({
    name: 'skein_merkle_divergences_total',
    help: 'Documents found to be other ones than a peer has, at two looks.',
    registers: [],
  });
  readonly #fetched = new Counter({
    name: 'skein_repair_items_fetched_total',
    help: 'Documents fetched from a peer that had newer ones.',
    registers: [],
  });
  readonly #submitted = new Counter({
    name: 'skein_repair_items_submitted_total',
    help: 'Documents sent to a peer that had older ones.',
    registers: [],
  });

  registerIn(registry: Registry, { peers, tallyOf, tombstones, clockAheadSeconds }: MeshMeasured): void {
    for (const metric of [this.#comparisons, this.#divergences, this.#fetched, this.#submitted])
      registry.registerMetric(metric);
    registerMerged(registry, tallyOf);
    registerPeers(registry, peers);
    liveGauge(registry, {
      name: 'skein_mesh_tombstones',
      help: 'Deletions that are remembered, as of the last look.',
      value: tombstones,
    });
    liveGauge(registry, {
      name: 'skein_mesh_clock_ahead_seconds',
      help: "How far the newest time in this node's log is ahead of its clock.",
      value: clockAheadSeconds,
    });
  }

  repaired({ differing, fetched, submitted }: Repaired): void {
    this.#comparisons.inc();
    this.#divergences.inc(differing);
    this.#fetched.inc(fetched);
    this.#submitted.inc(submitted);
  }
}

/** Counted where it happens, and read when somebody asks. */
function registerMerged(registry: Registry, tallyOf: (way: Way) => Tally): void {
  const merged = new Counter({
    name: 'skein_mesh_changes_total',
    help: 'Changes of other nodes that came in, by the way they came and what became of them.',
    labelNames: ['way', 'outcome'],
    registers: [],
    collect() {
      this.reset();
      for (const way of WAYS)
        for (const [field, outcome] of Object.entries(OUTCOMES))
          this.inc({ way, outcome }, tallyOf(way)[field as keyof typeof OUTCOMES]);
    },
  });
  const conflicts = new Counter({
    name: 'skein_mesh_conflicts_total',
    help: 'Changes that were lost to one whose writer did not know of them.',
    registers: [],
    collect() {
      this.reset();
      this.inc(WAYS.reduce((sum, way) => sum + tallyOf(way).conflicts, 0));
    },
  });
  registry.registerMetric(merged);
  registry.registerMetric(conflicts);
}

function registerPeers(registry: Registry, peers: readonly Peer[]): void {
  const gauge = (name: string, help: string, valueOf: (peer: Peer) => number | null): Gauge =>
    new Gauge({
      name,
      help,
      labelNames: ['peer'],
      registers: [registry],
      collect() {
        this.reset();
        for (const peer of peers) {
          const value = valueOf(peer);
          if (value !== null) this.set({ peer: peer.url }, value);
        }
      },
    });
  gauge('skein_mesh_peer_connected', '1 while the peer answers.', (peer) => Number(peer.isConnected));
  gauge(
    'skein_mesh_peer_lag_changes',
    "Changes of the peer's log that are not here; absent without contact.",
    (peer) => peer.lagChanges,
  );
  gauge('skein_mesh_peer_circuit_state', '0 closed, 1 half-open, 2 open.', (peer) => CIRCUIT[peer.circuit]);
}
