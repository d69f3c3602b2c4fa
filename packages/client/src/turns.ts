import type { SkeinError } from './error.ts';
import type { NodeAddress, Nodes } from './nodes.ts';
import { isDown, mayBeDone, verdictOf } from './plan-retry.ts';
import type { WireRequest } from './requester.ts';

/** Of one request: whose turn it is to be asked, and what those have said whose turn it was. */
export class Turns {
  readonly #request: WireRequest;
  readonly #nodes: Nodes;
  readonly #notBefore = new Map<NodeAddress, number>();
  #waiting: NodeAddress[] = [];
  #last: SkeinError | null = null;
  /** What is no answer but that of one node; told when no other one has anything better. */
  #elsewhere: SkeinError | null = null;
  #isOutcomeUnknown = false;

  constructor(request: WireRequest, nodes: Nodes) {
    this.#request = request;
    this.#nodes = nodes;
  }

  /** A round; who wants to be left alone for longer is not in it. */
  begin(nowMs: number): NodeAddress | undefined {
    const { prefer } = this.#request;
    const order = this.#nodes.order(nowMs).filter((node) => (this.#notBefore.get(node) ?? 0) <= nowMs);
    this.#waiting = prefer === undefined ? [...order] : [prefer, ...order.filter((node) => node !== prefer)];
    return this.next();
  }

  next(): NodeAddress | undefined {
    return this.#waiting.shift();
  }

  /** Throws what is an answer. */
  failed(node: NodeAddress, error: SkeinError, nowMs: number): void {
    this.#isOutcomeUnknown ||= this.#request.method !== 'GET' && mayBeDone(error);
    this.#last = error;
    if (isDown(error)) this.#nodes.failed(node, nowMs);
    else this.#nodes.answered(node);
    const verdict = (this.#request.judge ?? verdictOf)(error);
    if (verdict === 'never') throw this.last();
    if (verdict === 'elsewhere') this.#elsewhere = error;
    this.#notBefore.set(node, nowMs + error.retryAfterMs);
    if (error.code === 'not_leader') this.#leaderFirst(error);
  }

  last(): SkeinError {
    const error = this.#elsewhere ?? this.#last!;
    return error.with({ isOutcomeUnknown: this.#isOutcomeUnknown });
  }

  /** Nothing comes of asking again. */
  get isHopeless(): boolean {
    return this.#elsewhere !== null;
  }

  /** When the first of them may be asked again. */
  soonestMs(): number {
    return Math.min(...this.#notBefore.values());
  }

  /** Only if the program knows that address, too. */
  #leaderFirst({ problem }: SkeinError): void {
    const leader = typeof problem['leader'] === 'string' ? this.#nodes.find(problem['leader']) : undefined;
    if (leader === undefined || !this.#waiting.includes(leader)) return;
    this.#waiting = [leader, ...this.#waiting.filter((node) => node !== leader)];
  }
}
