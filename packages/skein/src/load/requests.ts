import { randomBytes } from 'node:crypto';
import { MEDIA_TYPES } from '@skein/protocol';
import type { LoadPlan } from './load-plan.ts';

export type Kind = 'put' | 'get' | 'bulk';

export interface LoadRequest {
  readonly kind: Kind;
  readonly method: 'PUT' | 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** How many it reads or writes. */
  readonly documents: number;
}

const READS_IN_FIVE = 4;
const BULK_DOCUMENTS = 500;
const NO_HEADERS = {};
const JSON_HEADERS = { 'content-type': MEDIA_TYPES.json };
const NDJSON_HEADERS = { 'content-type': MEDIA_TYPES.ndjson };

/** Makes requests: of keys by chance, and with values of which no two are the same. */
export class RequestMaker {
  readonly #plan: LoadPlan;
  readonly #base: string;
  /** Text that does not compress, as little as values of users do. */
  readonly #text: string;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#base = `/v1/collections/${plan.collection}`;
    this.#text = randomBytes(2 * plan.valueBytes + 1024).toString('base64');
  }

  make(i: number): LoadRequest {
    switch (this.#plan.mode) {
      case 'put':
        return this.put(i);
      case 'get':
        return this.get();
      case 'mixed':
        return i % 5 < READS_IN_FIVE ? this.get() : this.put(i);
      case 'bulk':
        return this.bulk(i * BULK_DOCUMENTS, BULK_DOCUMENTS);
    }
  }

  put(i: number): LoadRequest {
    const path = `${this.#base}/${this.#someKey()}`;
    return { kind: 'put', method: 'PUT', path, headers: JSON_HEADERS, body: this.#value(i), documents: 1 };
  }

  get(): LoadRequest {
    const path = `${this.#base}/${this.#someKey()}`;
    return { kind: 'get', method: 'GET', path, headers: NO_HEADERS, body: null, documents: 1 };
  }

  /** Of so many keys in a row. */
  bulk(first: number, documents: number): LoadRequest {
    let body = '';
    for (let i = first; i < first + documents; i++)
      body += `{"key":"${this.#key(i % this.#plan.keys)}","value":${this.#value(i)}}\n`;
    return { kind: 'bulk', method: 'POST', path: this.#base, headers: NDJSON_HEADERS, body, documents };
  }

  #someKey(): string {
    return this.#key(Math.floor(Math.random() * this.#plan.keys));
  }

  #key(i: number): string {
    return `${this.#plan.prefix}${String(i).padStart(8, '0')}`;
  }

  #value(i: number): string {
    const start = `{"n":${i},"text":"`;
    const at = Math.floor(Math.random() * 1024);
    return `${start}${this.#text.slice(at, at + Math.max(0, this.#plan.valueBytes - start.length - 2))}"}`;
  }
}
