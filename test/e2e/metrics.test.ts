import { Cluster, type NodeProcess } from '@skein/testing';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cluster = new Cluster();
let leader: NodeProcess;
let follower: NodeProcess;

beforeAll(async () => {
  leader = await cluster.leader({ 'node-id': 'lead' });
  await leader.client.load(
    'c',
    Array.from({ length: 100 }, (_, i) => ({ key: `k-${i}`, value: i })),
  );
  await leader.client.put('/v1/collections/c/k', 1);
  follower = await cluster.follower(leader);
  await follower.caughtUpWith(leader);
});
afterAll(() => cluster.close());

const { exitCode } = await execa('promtool', ['--version'], { reject: false });
const hasPromtool = exitCode === 0;
if (!hasPromtool) console.warn('promtool is not installed: the format of /metrics is not checked by it');

const textOf = async ({ client }: NodeProcess): Promise<string> => (await client.get('/metrics')).text;

describe('/metrics', () => {
  it.skipIf(!hasPromtool)('is what Prometheus calls well-formed and well-named, on both roles', async () => {
    for (const node of [leader, follower]) {
      const text = await textOf(node);
      // Names of prom-client's own, which are not ours to change.
      const ours = text.split('\n').filter((line) => !/nodejs_active_\w+_total/.test(line));
      const check = await execa('promtool', ['check', 'metrics'], { input: ours.join('\n'), reject: false });
      expect([check.exitCode, check.stderr]).toStrictEqual([0, '']);
    }
  });

  it('is served in the text format, and never cached', async () => {
    const { status, headers } = await leader.client.get('/metrics');
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(headers['cache-control']).toBe('no-store');
  });

  it('counts commits and requests of a leader by route, not by path', async () => {
    const text = await textOf(leader);
    expect(text).toMatch(/^skein_node_info\{role="leader",version="[\d.]+",node="lead"\} 1$/m);
    expect(text).toMatch(/^skein_node_state 2$/m);
    expect(text).toMatch(/^skein_log_head_offset 101$/m);
    expect(text).toMatch(/^skein_log_tail_offset 1$/m);
    expect(text).toMatch(/^skein_commit_changes_sum 101$/m);
    expect(text).toMatch(/^skein_commit_duration_seconds_count 2$/m);
    expect(text).toMatch(/^skein_replication_active_followers 1$/m);
    expect(text).toMatch(
      /^skein_http_request_duration_seconds_count\{method="PUT",route="\/v1\/collections\/:collection\/:key",status="201"\} 1$/m,
    );
    expect(text).not.toContain('route="/v1/collections/c');
  });

  it('measures replication on a follower', async () => {
    const text = await textOf(follower);
    expect(text).toMatch(/^skein_node_info\{role="follower",/m);
    expect(text).toMatch(/^skein_replication_changes_applied_total 101$/m);
    expect(text).toMatch(/^skein_replication_changes_deduped_total 0$/m);
    expect(text).toMatch(/^skein_replication_lag_changes 0$/m);
    expect(text).toMatch(/^skein_replication_lag_seconds \d/m);
    expect(text).toMatch(/^skein_replication_follower_connected 1$/m);
    expect(text).toMatch(/^skein_replication_circuit_state 0$/m);
    expect(text).toMatch(/^skein_replication_batch_size \d+$/m);
    expect(text).toMatch(/^skein_replication_last_sync_timestamp_seconds 1\.\d+e\+09$|timestamp_seconds \d{10}/m);
    for (const type of ['sync_failed', 'apply_failed', 'connection_error']) {
      expect(text).toContain(`skein_replication_sync_errors_total{type="${type}"} 0`);
    }
    for (const slo of ['page_read', 'leader_call', 'batch', 'lag']) {
      expect(text).toMatch(new RegExp(`^skein_replication_slo_breaches_total\\{slo="${slo}"\\} \\d+$`, 'm'));
    }
    for (const histogram of ['sync_duration_seconds', 'batch_flush_duration_seconds', 'peer_latency_seconds']) {
      expect(text).toMatch(new RegExp(`^skein_replication_${histogram}_count [1-9]`, 'm'));
    }
    expect(text).toContain('skein_replication_backpressure_pauses_total');
  });
});
