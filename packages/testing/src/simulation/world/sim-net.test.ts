import { describe, expect, it } from 'vitest';
import { Rng } from './rng.ts';
import { Scheduler } from './scheduler.ts';
import { CALM, SimNet, type NetWeather, type SimResponse } from './sim-net.ts';

const RECORDS = { 'content-type': 'application/vnd.skein.records' };

/** A network with one server that answers what it was asked, and how often that was. */
function network(weather: Partial<NetWeather> = {}, seed = 1) {
  const scheduler = new Scheduler(seed);
  const incidents: string[] = [];
  const net = new SimNet(scheduler, Rng.named(seed, 'net'), (incident) => incidents.push(incident));
  net.weather = { ...CALM, ...weather };
  const served: string[] = [];
  net.serve('server', async ({ path }) => {
    served.push(path);
    return { status: 200, headers: RECORDS, body: Buffer.from(`answer to ${path}`) };
  });
  const ask = (path: string, method = 'GET'): Promise<SimResponse> =>
    net.request('client', 'server', { method, path, headers: {} }, { answerMs: 1000 });
  const run = (): Promise<void> => scheduler.run(scheduler.nowMs + 5000, () => true);
  return { scheduler, net, served, incidents, ask, run };
}

async function outcomeOf(answer: Promise<SimResponse>): Promise<string> {
  return answer.then(
    ({ body }) => body.toString(),
    (error: unknown) => (error as Error).message,
  );
}

describe('the simulated network', () => {
  it('brings a request there and its answer back, which takes a while', async () => {
    const { scheduler, ask, run } = network();
    let atMs = 0;
    const answer = ask('/a').then((given) => {
      atMs = scheduler.nowMs;
      return given;
    });
    await run();
    expect((await answer).body.toString()).toBe('answer to /a');
    expect(atMs).toBeGreaterThan(2 * CALM.delayMs[0]);
  });

  it('refuses where nobody listens, and resets who was waiting when a process ends', async () => {
    const { net, ask, run, scheduler } = network();
    net.serve('server', () => new Promise(() => undefined));
    const waiting = outcomeOf(ask('/a'));
    scheduler.after(100, 'nature', 'ends', () => net.leave('server'));
    await run();
    expect(await waiting).toMatch(/ECONNRESET/);
    const late = outcomeOf(ask('/b'));
    await run();
    expect(await late).toMatch(/ECONNREFUSED/);
  });

  it('says nothing when a machine loses power: who waits, waits until the time is up', async () => {
    const { net, ask, run, scheduler } = network();
    net.serve('server', () => new Promise(() => undefined));
    const waiting = outcomeOf(ask('/a'));
    scheduler.after(100, 'nature', 'ends', () => net.leave('server', true));
    await run();
    expect(await waiting).toMatch(/Timeout/);
  });

  it('is cut in one direction: the request is served, and its answer is not heard of', async () => {
    const { net, served, ask, run } = network();
    net.cut('server', 'client');
    const answer = outcomeOf(ask('/a'));
    await run();
    expect(served).toStrictEqual(['/a']);
    expect(await answer).toMatch(/Timeout/);
    net.mend('server', 'client');
    const after = outcomeOf(ask('/b'));
    await run();
    expect(await after).toBe('answer to /b');
  });

  it.each([
    ['loseRequest', 0, /Timeout/],
    ['loseAnswer', 1, /Timeout/],
    ['breakOff', 1, /ECONNRESET/],
  ] as const)('with %s it serves %i times and says so', async (name, times, said) => {
    const { served, ask, run } = network({ [name]: 1 });
    const answer = outcomeOf(ask('/a'));
    await run();
    expect(served.length).toBe(times);
    expect(await answer).toMatch(said);
  });

  it('shortens and alters records only: their readers can tell', async () => {
    const shortened = network({ shorten: 1 });
    const short = outcomeOf(shortened.ask('/a'));
    await shortened.run();
    expect('answer to /a'.startsWith(await short)).toBe(true);
    expect(await short).not.toBe('answer to /a');
    const altering = network({ alter: 1 });
    const altered = outcomeOf(altering.ask('/a'));
    await altering.run();
    expect(await altered).not.toBe('answer to /a');
    expect((await altered).length).toBe('answer to /a'.length);
    altering.net.serve('server', async () => ({ status: 200, headers: {}, body: Buffer.from('{}') }));
    const untouched = outcomeOf(altering.ask('/b'));
    await altering.run();
    expect(await untouched).toBe('{}');
  });

  it('repeats what is safe to repeat, and mixes up answers', async () => {
    const repeating = network({ repeat: 1 });
    const answers = [repeating.ask('/a'), repeating.ask('/b', 'PUT')].map(outcomeOf);
    await repeating.run();
    await Promise.all(answers);
    expect([...repeating.served].toSorted()).toStrictEqual(['/a', '/a', '/b']);
    const mixing = network({ mixUp: 1 });
    const first = outcomeOf(mixing.ask('/first'));
    await mixing.run();
    const second = outcomeOf(mixing.ask('/second'));
    await mixing.run();
    expect([await first, await second]).toStrictEqual(['answer to /first', 'answer to /first']);
  });

  it('forgets a request whose sender gave up', async () => {
    const { net, run } = network();
    const leaving = new AbortController();
    const request = { method: 'GET', path: '/a', headers: {} };
    const answer = outcomeOf(net.request('client', 'server', request, { answerMs: 1000, signals: [leaving.signal] }));
    leaving.abort(new Error('gave up'));
    await run();
    expect(await answer).toBe('gave up');
  });
});
