import { epochCounter, formatPosition } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent } from '../history.ts';
import { differenceOf } from './compare-documents.ts';
import type { Ledger } from './ledger.ts';
import { StateAt } from './state-at.ts';

type BackedUp = TimedEvent & { readonly kind: 'backed-up' };
type Restored = TimedEvent & { readonly kind: 'restored' };

/**
 * A backup is all that its node had when it was begun, as of one position, whatever was written meanwhile. A node that is
 * restored from one begins an epoch above all that the others had when they were asked.
 */
export class Backups implements Checker {
  readonly name = 'backups (E7, INV-51)';
  readonly #ledger: Ledger;
  /** The counters of the epochs that each node has had, and since when. */
  readonly #epochs = new Map<string, { readonly sinceMs: number; readonly counter: number }[]>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  observe(event: TimedEvent): void {
    switch (event.kind) {
      case 'started':
      case 'published':
      case 'renewed':
        this.#note(event.node, event.ms, event.head.offset === 0 ? 0 : epochCounter(event.head.epoch));
        break;
      case 'backed-up':
        this.#checkBackup(event);
        break;
      case 'restored':
        this.#checkRestored(event);
        break;
      default:
    }
  }

  #note(node: string, ms: number, counter: number): void {
    const epochs = this.#epochs.get(node) ?? [];
    this.#epochs.set(node, epochs);
    if (epochs.at(-1)?.counter !== counter) epochs.push({ sinceMs: ms, counter });
  }

  #checkBackup({ node, headBefore, position, documents }: BackedUp): void {
    if (this.#ledger.isDamaged(node)) return;
    const isOfSame = headBefore.epoch === position.epoch || headBefore.offset === 0;
    if (isOfSame && position.offset < headBefore.offset)
      throw this.#violation(`that of ${node} ends at ${position.offset}, and it had ${headBefore.offset}`);
    const log = position.offset === 0 ? undefined : this.#ledger.branchNamed(position.epoch);
    const state = log === undefined ? undefined : new StateAt(log);
    if (state?.moveTo(position.offset) === false)
      throw this.#violation(`that of ${node} is as of ${formatPosition(position)}, which nobody has published`);
    const difference = differenceOf(documents, state?.documents ?? new Map());
    if (difference !== undefined) throw this.#violation(`in that of ${node}, as of ${position.offset}, ${difference}`);
  }

  #checkRestored({ node, position, askedAtMs }: Restored): void {
    const counter = epochCounter(position.epoch);
    for (const [other, epochs] of this.#epochs) {
      const known = epochs.findLast(({ sinceMs }) => sinceMs <= askedAtMs)?.counter ?? 0;
      if (other !== node && known >= counter)
        throw this.#violation(`${node} begins ${position.epoch}, and ${other} had one of ${known}`);
    }
  }

  #violation(message: string): Violation {
    return new Violation(this.name, message);
  }
}
