import type { Position } from '@skein/protocol';
import { Violation, type Checker, type DocumentsSeen, type TimedEvent } from '../history.ts';
import { differenceOf } from './compare-documents.ts';
import type { Ledger } from './ledger.ts';
import { StateAt } from './state-at.ts';

interface NodeContent {
  readonly node: string;
  readonly head: Position;
  readonly documents: DocumentsSeen | null;
}

/** A node's documents are exactly what its log up to its head makes of nothing: never half of something, never more. */
export class Prefix implements Checker {
  readonly name = 'prefix (F1, F2, D2, INV-03)';
  readonly #ledger: Ledger;
  readonly #states = new Map<string, StateAt>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  observe(event: TimedEvent): void {
    if (event.kind === 'published' || event.kind === 'renewed') this.#check(event);
    if (event.kind === 'settled') for (const node of event.nodes) if (node.isReady) this.#check(node);
  }

  #check({ node, head, documents }: NodeContent): void {
    if (documents === null || this.#ledger.isDamaged(node)) return;
    const expected = this.#stateAt(node, head.offset);
    const difference = differenceOf(documents, expected);
    if (difference !== undefined) throw new Violation(this.name, `on ${node} at ${head.offset}: ${difference}`);
  }

  #stateAt(node: string, offset: number): DocumentsSeen {
    const log = this.#ledger.logOf(node);
    if (log === undefined) return new Map();
    let state = this.#states.get(node);
    if (state?.log !== log) {
      state = new StateAt(log);
      this.#states.set(node, state);
    }
    if (!state.moveTo(offset))
      throw new Violation(this.name, `${node} is at ${offset}, and nobody has published up to it`);
    return state.documents;
  }
}
