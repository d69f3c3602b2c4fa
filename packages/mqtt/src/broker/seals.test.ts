import { describe, expect, it } from 'vitest';
import { Seals } from './seals.ts';

const key = Buffer.alloc(32, 7);
const told = { topic: 'p/replication/log', payload: Buffer.from('payload'), incarnation: 'log.1-abcdefgh' };

describe('a seal', () => {
  it('is found by who has the key, over topic, incarnation and payload', () => {
    const sealed = new Seals(key).seal(told);
    expect(sealed.properties).toEqual({
      incarnation: told.incarnation,
      // By another hand: printf 'p/replication/log\0log.1-abcdefgh\0payload' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707…
      hmac: 'bb01eda3b92de98c139c4794a54ed27e8cb7d6b70bcc38dcdb701e37d79e083b',
    });
    expect(new Seals(key).open(sealed)).toEqual(told);
  });

  it('is not found on anything else', () => {
    const sealed = new Seals(key).seal(told);
    const { properties } = sealed;
    const hmac = properties['hmac']!;
    const forged = [
      { ...sealed, topic: 'q/replication/log' },
      { ...sealed, payload: Buffer.from('Payload') },
      { ...sealed, properties: { ...properties, incarnation: 'log.2-abcdefgh' } },
      { ...sealed, properties: { incarnation: told.incarnation } },
      { ...sealed, properties: { ...properties, hmac: '' } },
      { ...sealed, properties: { ...properties, hmac: hmac.slice(2) } },
      { ...sealed, properties: { ...properties, hmac: `${hmac}00` } },
      { ...sealed, properties: { ...properties, hmac: 'zz'.repeat(32) } },
      new Seals(Buffer.alloc(32, 8)).seal(told),
      new Seals(null).seal(told),
    ];
    for (const message of forged) expect(new Seals(key).open(message)).toBeUndefined();
  });

  it('is not looked for without a key', () => {
    expect(new Seals(null).open(new Seals(null).seal(told))).toEqual(told);
    expect(new Seals(null).open(new Seals(key).seal(told))).toEqual(told);
  });
});
