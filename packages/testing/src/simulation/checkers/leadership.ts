import { epochCounter } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent } from '../history.ts';
import type { KnownLog } from './known-log.ts';
import type { Ledger } from './ledger.ts';

/**
 * There is one epoch of each counter, unless an operator has accepted a loss for one of them, or so few promises are needed
 * that two candidates may have no member in common; and each is written by the node that began it, and by no other.
 */
export class Leadership implements Checker {
  readonly name = 'leadership (E1, E6, INV-47)';
  readonly #ledger: Ledger;
  #branchesSeen = 0;

  readonly #mayBeDisjoint: boolean;

  constructor(ledger: Ledger, mayBeDisjoint: boolean) {
    this.#ledger = ledger;
    this.#mayBeDisjoint = mayBeDisjoint;
  }

  observe(event: TimedEvent): void {
    if (event.kind === 'published' && event.role === 'leader') this.#checkWriter(event);
    if (event.kind !== 'started' && event.kind !== 'published') return;
    const branches = this.#ledger.branches();
    for (const branch of branches.slice(this.#branchesSeen)) this.#checkBegun(branch, branches);
    this.#branchesSeen = branches.length;
  }

  #checkBegun(branch: KnownLog, branches: readonly KnownLog[]): void {
    const counter = epochCounter(branch.epoch);
    const rivals = branches.filter((each) => each !== branch && epochCounter(each.epoch) === counter);
    const isAccepted = this.#mayBeDisjoint || [branch, ...rivals].some((each) => each.begun?.mayBeLost !== undefined);
    if (rivals.length > 0 && !isAccepted)
      throw new Violation(this.name, `${branch.epoch} and ${rivals[0]!.epoch} have begun, and each was promised`);
  }

  #checkWriter({ node, head }: TimedEvent & { readonly kind: 'published' }): void {
    const branch = this.#ledger.branchNamed(head.epoch);
    const begun = branch?.begun;
    if (begun !== undefined && begun.node !== node)
      throw new Violation(this.name, `${node} writes in epoch ${head.epoch}, which ${begun.node} has begun`);
  }
}
