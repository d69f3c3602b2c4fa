import { Stream } from 'node:stream';
import type { Clock } from '@skein/core';
import type { FastifyInstance, onSendHookHandler } from 'fastify';
import { Counter, Gauge, Histogram, Registry, type Metric } from 'prom-client';
import type { Commits } from '../commits.ts';
import type { PageSource } from '../feed/page-source.ts';
import type { SlotBook } from '../feed/slot-book.ts';
import type { EventStreams } from '../feed/streams/event-streams.ts';
import type { ServedNode } from '../node.ts';
import { NO_QUERY } from '../request.ts';
import { RequestDurations, type Observe } from './request-durations.ts';

const SECONDS_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

declare module 'fastify' {
  interface FastifyRequest {
    startedAtMs: number;
  }
}

/** Adds metrics to those of every node. */
export type AddMetrics = (registry: Registry) => void;

export interface MetricsParts {
  readonly node: ServedNode;
  readonly commits: Commits;
  readonly pages: PageSource;
  readonly streams: EventStreams;
  readonly slots: SlotBook;
}

/**
 * GET /metrics, and the measurements every role has. Gauges are read when somebody asks, never kept up to date. Answers that
 * do not go through the app are to be told to what is returned.
 */
export function metricsRoute(
  app: FastifyInstance,
  parts: MetricsParts,
  adders: readonly (AddMetrics | undefined)[],
): RequestDurations {
  const registry = new Registry();
  measureNode(registry, parts);
  measureLog(registry, parts);
  const durations = new RequestDurations(registry, SECONDS_BUCKETS);
  measureRequests(app, durations, parts.node.clock);
  for (const add of adders) add?.(registry);
  app.get('/metrics', { schema: { querystring: NO_QUERY }, logLevel: 'warn' }, async (_request, reply) => {
    return reply
      .header('content-type', registry.contentType)
      .header('cache-control', 'no-store')
      .send(await registry.metrics());
  });
  return durations;
}

/** A gauge whose value is asked for at each scrape; null leaves it out, because unknown is not zero. */
export function liveGauge(
  registry: Registry,
  options: { readonly name: string; readonly help: string; readonly value: () => number | null },
): Metric {
  const { name, help, value } = options;
  return new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      const now = value();
      if (now === null) this.remove();
      else this.set(now);
    },
  });
}

function measureNode(registry: Registry, { node }: MetricsParts): void {
  const info = new Gauge({
    name: 'skein_node_info',
    help: 'Always 1; says what this node is.',
    labelNames: ['role', 'version', 'node'],
    registers: [registry],
  });
  info.set({ role: node.role, version: node.version, node: node.store.facts.identity.node }, 1);
  const running = (): number => (node.stopping.aborted ? 3 : node.store.state === 'ready' ? 2 : 1);
  liveGauge(registry, {
    name: 'skein_node_state',
    help: '0 stopped, 1 starting or recovering, 2 running, 3 stopping.',
    value: running,
  });
}

function measureLog(registry: Registry, { node, commits, pages, streams, slots }: MetricsParts): void {
  const { store, stopping } = node;
  const gauge = (name: string, help: string, value: () => number | null): void => {
    liveGauge(registry, { name: `skein_${name}`, help, value });
  };
  gauge('log_head_offset', 'Newest durable offset.', () => store.facts.head.offset);
  gauge('log_tail_offset', 'Oldest offset still kept.', () => store.facts.tail);
  gauge('replication_active_followers', 'Followers seen in the last 30 s.', () => slots.count('live'));
  gauge('replication_lost_followers', 'Followers for which the log is not kept any longer.', () => slots.count('lost'));
  gauge('log_bytes', 'Size of the log, to within a MiB.', () => store.logSizes.bytes);
  gauge('replication_outbox_drift', 'Changes the slowest live follower has not acknowledged.', () =>
    slots.drift(store.facts.head.offset),
  );
  gauge('indexes_building', 'Indexes that are defined and not built on this node.', () => store.indexes.building);
  gauge('feed_waiting_requests', 'Requests waiting for a change.', () => commits.waiting);
  gauge('feed_streams', 'Event streams that are open.', () => streams.open);
  liveCounter(registry, {
    name: 'skein_feed_pages_made_total',
    help: 'Pages read and encoded; pages shared by several readers count once.',
    value: () => pages.made,
  });
  liveCounter(registry, {
    name: 'skein_feed_pages_compressed_total',
    help: 'Pages compressed; pages shared by several readers count once for each encoding.',
    value: () => pages.compressed,
  });
  liveCounter(registry, {
    name: 'skein_feed_streams_cut_total',
    help: 'Event streams taken down because their readers did not take what they were sent.',
    value: () => streams.cut,
  });
  const duration = new Histogram({
    name: 'skein_commit_duration_seconds',
    help: 'Time to write and sync one batch.',
    buckets: SECONDS_BUCKETS,
    registers: [registry],
  });
  const changes = new Histogram({
    name: 'skein_commit_changes',
    help: 'Changes in one batch.',
    buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000],
    registers: [registry],
  });
  store.subscribe(({ records, tookMs, isAnew }) => {
    if (isAnew) return;
    duration.observe(tookMs / 1000);
    changes.observe(records.at(-1)!.offsetLast - records[0]!.offsetFirst + 1);
  }, stopping);
}

/** A counter that somebody else keeps, asked for at each scrape. */
function liveCounter(
  registry: Registry,
  { name, help, value }: { readonly name: string; readonly help: string; readonly value: () => number },
): Metric {
  return new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(value());
    },
  });
}

/** Until the answer is handed over; a streamed one, until its end. */
function measureRequests(app: FastifyInstance, durations: RequestDurations, clock: Clock): void {
  const measured =
    (observe: Observe): onSendHookHandler =>
    (request, reply, payload, done) => {
      const observeNow = (): void =>
        observe(request.method, reply.statusCode, (clock.now() - request.startedAtMs) / 1000);
      if (payload instanceof Stream) reply.raw.once('close', observeNow);
      else observeNow();
      done(null, payload);
    };
  app.decorateRequest('startedAtMs', 0);
  app.addHook('onRequest', (request, _reply, done) => {
    request.startedAtMs = clock.now();
    done();
  });
  app.addHook('onRoute', (route) => {
    route.onSend = [route.onSend ?? [], measured(durations.ofRoute(route.url))].flat();
  });
  const elsewhere = measured(durations.ofRoute('none'));
  app.addHook('onSend', function ofNoRoute(request, reply, payload, done) {
    if (request.is404) elsewhere.call(this, request, reply, payload, done);
    else done(null, payload);
  });
}
