import { describe, expect, it } from 'vitest';
import { Scheduler } from './scheduler.ts';
import { SimClock } from './sim-clock.ts';

const ON = (): boolean => true;

describe('the scheduler', () => {
  it('does what is due earliest, and at the moment it is due', async () => {
    const scheduler = new Scheduler(1);
    const done: [string, number][] = [];
    for (const ms of [30, 10, 20]) scheduler.after(ms, 'a', `at ${ms}`, () => done.push([`at ${ms}`, scheduler.nowMs]));
    await scheduler.run(100, ON);
    expect(done).toStrictEqual([
      ['at 10', 10],
      ['at 20', 20],
      ['at 30', 30],
    ]);
    expect(scheduler.nowMs).toBe(100);
  });

  it('lets the seed decide what comes first of one moment, the same way each time', async () => {
    const orderOf = async (seed: number): Promise<string> => {
      const scheduler = new Scheduler(seed);
      let order = '';
      for (const name of 'abcdefgh') scheduler.after(5, name, name, () => (order += name));
      await scheduler.run(10, ON);
      return order;
    };
    const orders = await Promise.all([1, 2, 3, 4].map(orderOf));
    expect(await Promise.all([1, 2, 3, 4].map(orderOf))).toStrictEqual(orders);
    expect(new Set(orders).size).toBeGreaterThan(1);
  });

  it('lets what an event set in motion come to rest before the next', async () => {
    const scheduler = new Scheduler(1);
    const done: string[] = [];
    const settles = async (): Promise<void> => {
      for (let i = 0; i < 50; i++) await Promise.resolve();
      done.push('first');
    };
    scheduler.after(1, 'a', 'first', () => void settles());
    scheduler.after(1.001, 'a', 'second', () => done.push('second'));
    await scheduler.run(10, ON);
    expect(done).toStrictEqual(['first', 'second']);
  });

  it('forgets what was taken back, and does nothing to an actor that is held', async () => {
    const scheduler = new Scheduler(1);
    const done: [string, number][] = [];
    scheduler.after(1, 'a', 'taken back', () => done.push(['taken back', scheduler.nowMs]))();
    scheduler.after(2, 'held', 'late', () => done.push(['late', scheduler.nowMs]));
    const cancel = scheduler.after(3, 'held', 'late and taken back', () => done.push(['never', scheduler.nowMs]));
    scheduler.after(4, 'free', 'on time', () => done.push(['on time', scheduler.nowMs]));
    scheduler.after(5, 'free', 'takes back', () => cancel());
    scheduler.hold('held', 50);
    await scheduler.run(100, ON);
    expect(done).toStrictEqual([
      ['on time', 4],
      ['late', 50],
    ]);
  });

  it('has another trace when anything is another', async () => {
    const traceOf = async (what: string, ms: number): Promise<string> => {
      const scheduler = new Scheduler(1);
      scheduler.after(ms, 'a', what, () => undefined);
      await scheduler.run(10, ON);
      return scheduler.trace;
    };
    expect(await traceOf('x', 1)).toBe(await traceOf('x', 1));
    expect(await traceOf('x', 1)).not.toBe(await traceOf('y', 1));
    expect(await traceOf('x', 1)).not.toBe(await traceOf('x', 2));
  });

  it('stops as soon as there is no reason to go on', async () => {
    const scheduler = new Scheduler(1);
    let done = 0;
    for (let i = 0; i < 5; i++) scheduler.after(i, 'a', 'event', () => done++);
    await scheduler.run(10, () => done < 2);
    expect(done).toBe(2);
  });
});

describe('a simulated clock', () => {
  it('wakes who slept long enough, unless the signal came first or the process is gone', async () => {
    const scheduler = new Scheduler(1);
    let isAlive = true;
    const clock = new SimClock(scheduler, 'a', () => isAlive);
    const woken: string[] = [];
    const leaving = new AbortController();
    void clock.sleep(5).then(() => woken.push(`slept until ${clock.now()}`));
    void clock.sleep(8, leaving.signal).catch((error: unknown) => woken.push((error as Error).message));
    void clock.sleep(20).then(() => woken.push('a dead process woke'));
    scheduler.after(6, 'b', 'aborts', () => leaving.abort(new Error('aborted')));
    scheduler.after(10, 'b', 'kills', () => (isAlive = false));
    await scheduler.run(100, ON);
    expect(woken).toStrictEqual(['slept until 5', 'aborted']);
  });

  it('has a wall clock of its own', async () => {
    const scheduler = new Scheduler(1);
    let skewMs = 0;
    const clock = new SimClock(scheduler, 'a', ON, () => skewMs);
    const before = clock.wall();
    skewMs = -3_600_000;
    await scheduler.run(1000, ON);
    expect(clock.wall() - before).toBe(1000 - 3_600_000);
    expect(clock.now()).toBe(1000);
  });
});
