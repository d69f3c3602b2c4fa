import type { Bench } from '../bench.ts';
import { cpuSecondsOf } from '../machine.ts';
import type { LoadResult } from '../processes/http-load.ts';
import { inPairs, toRow, type Run, type Target } from '../results.ts';
import { quiet, type Actor, type Stage } from '../stage.ts';
import { load } from './nodes.ts';

const CONNECTIONS = 64;

interface HttpBench {
  readonly name: string;
  readonly method: 'GET' | 'PUT';
  readonly title: string;
  readonly ceilingName: string;
  readonly target?: Target;
}

interface Server {
  readonly url: string;
  readonly actor: Actor;
}

/**
 * One kind of request at 64 connections, against a leader and against fastify alone. The notes of a run say how much CPU
 * the server had, and the load: when the load is at a whole core and the server is not, the load was measured.
 */
function httpBench({ name, method, title, ceilingName, target }: HttpBench): Bench {
  return {
    name,
    async run(stage, options) {
      const leader = await stage.node('leader');
      const bare = await bareServer(stage);
      if (method === 'GET') await load(stage, leader.url);
      await quiet(leader.actor);
      // A start that nobody looks at: both have compiled what they run often.
      for (const server of [leader, bare]) await measure(stage, server, { method, seconds: options.quick ? 1 : 6 });
      const seconds = options.quick ? 2 : 4;
      const runs = await inPairs(options.runs, {
        figure: () => measure(stage, leader, { method, seconds }),
        ceiling: async () => {
          const run = await measure(stage, bare, { method, seconds });
          return { ...run, notes: prefixed('ceiling_', run.notes!) };
        },
      });
      const row = { name: title, unit: 'requests/s', runs, ceilingName };
      return [toRow(target === undefined ? row : { ...row, target })];
    },
  };
}

export const put = httpBench({
  name: 'put',
  method: 'PUT',
  title: 'durable PUT, 64 connections',
  ceilingName: 'fastify, parses the body',
  target: { of: 'ratio', relation: 'at least', bound: 0.6 },
});

export const get = httpBench({
  name: 'get',
  method: 'GET',
  title: 'GET, 64 connections',
  ceilingName: 'fastify, a constant',
  target: { of: 'ratio', relation: 'at least', bound: 0.6 },
});

async function bareServer(stage: Stage): Promise<Server> {
  const actor = stage.start('bare-server', {});
  const { url } = await actor.hear<{ readonly url: string }>();
  return { url, actor };
}

async function measure(
  stage: Stage,
  { url, actor }: Server,
  { method, seconds }: { readonly method: 'GET' | 'PUT'; readonly seconds: number },
): Promise<Run> {
  const before = cpuSecondsOf(actor.pid);
  const loader = stage.start('http-load', { url, method, connections: CONNECTIONS, seconds });
  const { perSecond, p50Ms, p99Ms, cores } = await loader.hear<LoadResult>();
  const serverCores = (cpuSecondsOf(actor.pid) - before) / seconds;
  await stage.stop(loader);
  return {
    value: perSecond,
    notes: { server_cores: serverCores, load_cores: cores, p50_ms: p50Ms, p99_ms: p99Ms },
  };
}

function prefixed(prefix: string, notes: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(notes).map(([name, value]) => [`${prefix}${name}`, value]));
}
