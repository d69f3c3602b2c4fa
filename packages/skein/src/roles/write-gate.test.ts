import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '@skein/core';
import { describe, expect, it } from 'vitest';
import { isWrite, WriteGate } from './write-gate.ts';

/** A clock whose sleeps end when the test says so, or are given up. */
function gateWithClock() {
  const sleeps: { readonly ms: number; readonly wake: () => void }[] = [];
  const clock: Clock = {
    now: () => 0,
    wall: () => 0,
    later: () => () => undefined,
    sleep: (ms, signal) =>
      new Promise((wake, giveUp) => {
        sleeps.push({ ms, wake });
        signal?.addEventListener('abort', () => giveUp(new Error('given up')), { once: true });
      }),
  };
  const wake = (ms: number): void => sleeps.findLast((each) => each.ms === ms)!.wake();
  return { gate: new WriteGate(clock), wake };
}

const response = () => new EventEmitter() as unknown as ServerResponse;

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe('the gate of writes', () => {
  it('is closed until it is opened, and holds up nobody who asks when it is open', async () => {
    const { gate } = gateWithClock();
    expect(gate.held).toBeNull();
    await gate.hold();
    const held = gate.held!;
    expect(await isSettled(held)).toBe(false);
    gate.letGo();
    expect([await isSettled(held), gate.held]).toStrictEqual([true, null]);
  });

  it('opens of itself after two seconds', async () => {
    const { gate, wake } = gateWithClock();
    await gate.hold();
    wake(2000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(gate.held).toBeNull();
  });

  it('has closed when those on their way are answered, or have had the time for it', async () => {
    const { gate, wake } = gateWithClock();
    const [one, other] = [response(), response()];
    gate.count(one);
    gate.count(other);
    const closing = gate.hold();
    one.emit('close');
    expect(await isSettled(closing)).toBe(false);
    other.emit('close');
    expect(await isSettled(closing)).toBe(true);
    gate.letGo();
    gate.count(one);
    const again = gate.hold();
    expect(await isSettled(again)).toBe(false);
    wake(100);
    expect([await isSettled(again), gate.held === null]).toStrictEqual([true, false]);
  });

  it('counts no write whose client has left while it was held', async () => {
    const { gate } = gateWithClock();
    gate.count(Object.assign(response(), { closed: true }));
    expect(await isSettled(gate.hold())).toBe(true);
  });

  it('is for writes to documents alone', () => {
    const request = (method: string, url: string) => ({ method, url }) as IncomingMessage;
    expect(isWrite(request('PUT', '/v1/collections/c/k'))).toBe(true);
    expect(isWrite(request('POST', '/v1/transactions'))).toBe(true);
    expect(isWrite(request('GET', '/v1/collections/c/k'))).toBe(false);
    expect(isWrite(request('POST', '/v1/promises'))).toBe(false);
    expect(isWrite(request('POST', '/v1/admin/promote'))).toBe(false);
  });
});
