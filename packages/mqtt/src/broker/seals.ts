import { createHmac, timingSafeEqual } from 'node:crypto';
import type { BrokerMessage } from './broker-session.ts';

/** User properties of a message: which numbering its `seq` or its offsets are of, and who can have written it. */
export const INCARNATION = 'incarnation';
const OVER = 'over';
const HMAC = 'hmac';

/** What is published, before it is anybody's. */
export interface Told {
  readonly topic: string;
  readonly payload: Buffer;
  readonly incarnation: string;
  /** In a mesh, what a change was written over. */
  readonly over?: string | undefined;
}

/**
 * Puts a seal on messages, and looks for it, where there is a key that all nodes of a set share and the broker does not have:
 * HMAC-SHA256 over topic, NUL, incarnation, NUL and payload, in hex; what was written over
 * stands behind the incarnation, after a space. Neither of the first two can hold NUL. A message that is
 * sent again by somebody is still the message it was: what repeats one is not new, wherever it counts.
 */
export class Seals {
  readonly #key: Buffer | null;

  constructor(key: Buffer | null) {
    this.#key = key;
  }

  seal(told: Told): BrokerMessage {
    const { topic, payload, incarnation, over } = told;
    const seal = this.#key === null ? {} : { [HMAC]: sealOf(this.#key, told).toString('hex') };
    return {
      topic,
      payload,
      properties: { [INCARNATION]: incarnation, ...(over === undefined ? {} : { [OVER]: over }), ...seal },
    };
  }

  /** What a message tells; undefined when it is not from one of the nodes that have the key. */
  open({ topic, payload, properties }: BrokerMessage): Told | undefined {
    const told = { topic, payload, incarnation: properties[INCARNATION] ?? '', over: properties[OVER] };
    if (this.#key === null) return told;
    const found = Buffer.from(properties[HMAC] ?? '', 'hex');
    const due = sealOf(this.#key, told);
    return found.length === due.length && timingSafeEqual(found, due) ? told : undefined;
  }
}

function sealOf(key: Buffer, { topic, payload, incarnation, over }: Told): Buffer {
  const numbering = over === undefined ? incarnation : `${incarnation} ${over}`;
  return createHmac('sha256', key).update(`${topic}\0${numbering}\0`).update(payload).digest();
}
