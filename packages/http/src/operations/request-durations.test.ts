import { Histogram, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { RequestDurations } from './request-durations.ts';

const BOUNDS = [0.001, 0.01, 0.1, 1];
const OBSERVED = [
  ['GET', '/a', 200, 0.001],
  ['GET', '/a', 200, 0.0011],
  ['GET', '/a', 404, 0.05],
  ['PUT', '/a', 200, 2],
  ['PUT', '/a', 200, 1],
  ['GET', '/b', 200, 0],
] as const;

const linesOf = async (registry: Registry): Promise<readonly string[]> =>
  (await registry.metrics()).split('\n').toSorted();

it('durations of requests are printed as by the histogram they stand for', async () => {
  const ours = new Registry();
  const durations = new RequestDurations(ours, BOUNDS);
  const routes = { '/a': durations.ofRoute('/a'), '/b': durations.ofRoute('/b') };
  const theirs = new Registry();
  const histogram = new Histogram({
    name: 'skein_http_request_duration_seconds',
    help: 'HTTP requests by route template; a long poll counts its wait.',
    labelNames: ['method', 'route', 'status'],
    buckets: BOUNDS,
    registers: [theirs],
  });
  for (const [method, route, status, seconds] of OBSERVED) {
    routes[route](method, status, seconds);
    histogram.observe({ method, route, status }, seconds);
  }
  expect(await linesOf(ours)).toStrictEqual(await linesOf(theirs));
});
