import type { Clock } from '@skein/core';
import type { FastifyBaseLogger } from 'fastify';
import { Registry } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { SloWatch } from './slo-watch.ts';

let nowMs: number;
let lines: unknown[];
let registry: Registry;
let watch: SloWatch;

beforeEach(() => {
  nowMs = 0;
  lines = [];
  registry = new Registry();
  const clock = { now: () => nowMs } as Clock;
  const logger = { warn: (...line: unknown[]) => void lines.push(line) } as unknown as FastifyBaseLogger;
  watch = new SloWatch({ clock, logger, limits: { page_read: 100, batch: 200 } });
  watch.registerIn(registry);
});

const counted = async (slo: string): Promise<string | undefined> =>
  new RegExp(`^skein_replication_slo_breaches_total\\{slo="${slo}"\\} (\\d+)$`, 'm').exec(
    await registry.metrics(),
  )?.[1];

describe('the watch over what takes too long', () => {
  it('counts from zero each kind that the node has, and no other', async () => {
    expect([await counted('page_read'), await counted('batch')]).toStrictEqual(['0', '0']);
    watch.observe('lag', 1e9);
    expect([await counted('lag'), lines]).toStrictEqual([undefined, []]);
  });

  it('says nothing of what took as long as it may', async () => {
    watch.observe('page_read', 100);
    expect([await counted('page_read'), lines]).toStrictEqual(['0', []]);
  });

  it('counts every breach, and warns of the first and of how many it passed over', async () => {
    for (; nowMs <= 30_000; nowMs += 10_000) watch.observe('page_read', 123.4);
    expect(await counted('page_read')).toBe('4');
    const sentence = 'reading a page of the feed took longer than it should';
    const facts = { slo: 'page_read', took_ms: 123, limit_ms: 100 };
    expect(lines).toStrictEqual([
      [{ ...facts, passed_over: 0 }, sentence],
      [{ ...facts, passed_over: 2 }, sentence],
    ]);
  });

  it('warns of one kind although it has just warned of another', () => {
    watch.observe('page_read', 101);
    watch.observe('batch', 201);
    expect(lines).toMatchObject([
      [{ slo: 'page_read' }, expect.stringContaining('reading')],
      [{ slo: 'batch' }, expect.stringContaining('applying')],
    ]);
  });
});
