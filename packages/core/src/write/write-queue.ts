import { LIMITS, SkeinError, type JsonValue } from '@skein/protocol';
import type { WriteRequest } from './plan-group.ts';

/** A request, and whoever waits for what becomes of it. */
export interface Waiting<Answer> {
  readonly request: WriteRequest;
  readonly bytes: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

export const GROUP_BYTES_MAX = 1024 * 1024;
const GROUP_OPERATIONS_MAX = 1000;
const REQUESTS_MAX = 10_000;
const BYTES_MAX = 64 * 1024 * 1024;

/** The requests that wait for the writer, up to a bound, and how many of them are one group. */
export class WriteQueue<Answer> {
  #waiting: Waiting<Answer>[] = [];
  #bytes = 0;
  /** How many operations to take at once; fewer while each writes much, so that none is read only to be left again. */
  #groupOperations = GROUP_OPERATIONS_MAX;
  /** How many requests the last group had; 0 after a rest. */
  #groupRequests = 0;

  /** The next group is the first after a rest. */
  get isRested(): boolean {
    return this.#groupRequests === 0;
  }

  /** How many requests wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Refused when there is no room for it. */
  add(request: WriteRequest): Promise<Answer> {
    const bytes = sizeOf(request);
    if (this.#waiting.length >= REQUESTS_MAX || this.#bytes + bytes > BYTES_MAX)
      return Promise.reject(new SkeinError('overloaded', 'too many writes are waiting', { retryAfterSeconds: 1 }));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, bytes, resolve, reject });
      this.#bytes += bytes;
    });
  }

  /**
   * What of it is the next group: all, up to the bounds; when that is more than the last group, only so many that both are
   * alike. A small group between large ones would leave the disk and this thread to wait for each other in turn.
   */
  nextGroup(): readonly Waiting<Answer>[] {
    const last = this.#groupRequests;
    const share = last === 0 ? Infinity : Math.max(last, Math.ceil((last + this.#waiting.length) / 2));
    let operations = 0;
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      operations += countOf(waiting.request);
      bytes += waiting.bytes;
      const isFull = count >= share || operations > this.#groupOperations || bytes > GROUP_BYTES_MAX;
      if (count > 0 && isFull) break;
      count++;
    }
    return this.#waiting.slice(0, count);
  }

  /** The first of what waits is in somebody's hands now. */
  take(group: readonly Waiting<Answer>[]): void {
    this.#groupRequests = group.length;
    this.#waiting = this.#waiting.slice(group.length);
    for (const waiting of group) this.#bytes -= waiting.bytes;
  }

  /** What of a group did not fit into its record, beside so many operations, is first in the next one. */
  putBack(rest: readonly Waiting<Answer>[], operationsPlanned: number): void {
    if (rest.length === 0) {
      this.#groupOperations = Math.min(GROUP_OPERATIONS_MAX, 2 * this.#groupOperations);
      return;
    }
    this.#groupOperations = operationsPlanned;
    this.#waiting = [...rest, ...this.#waiting];
    for (const waiting of rest) this.#bytes += waiting.bytes;
  }

  rest(): void {
    this.#groupRequests = 0;
  }
}

function countOf({ operations, merges }: WriteRequest): number {
  return merges === undefined ? operations.length : merges.length;
}

/** What a request weighs in the queue: its values, and something for the rest. */
function sizeOf(request: WriteRequest): number {
  let bytes = 0;
  for (const operation of request.operations) {
    bytes += 200 + operation.key.length;
    if (operation.op === 'put') bytes += operation.valueText.length;
    else if (operation.op === 'append' || operation.op === 'prepend') bytes += operation.text.length;
    else if (operation.op === 'patch') bytes += sizeOfJson(operation.patch);
  }
  for (const { key, valueText } of request.merges ?? []) bytes += 200 + key.length + (valueText?.length ?? 0);
  return Math.min(bytes, LIMITS.recordBytesMax);
}

/** About how long the JSON text of a value is, without making it. */
function sizeOfJson(value: JsonValue): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 8;
  let size = 2;
  if (Array.isArray(value)) for (const item of value as readonly JsonValue[]) size += sizeOfJson(item);
  else for (const [name, member] of Object.entries(value)) size += name.length + 4 + sizeOfJson(member);
  return size;
}
