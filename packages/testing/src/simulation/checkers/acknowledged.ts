import { epochCounter, formatPosition, samePosition, START, type Position } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent } from '../history.ts';
import type { KnownLog } from './known-log.ts';
import type { Ledger } from './ledger.ts';

type Started = TimedEvent & { readonly kind: 'started' };
type Settled = TimedEvent & { readonly kind: 'settled' };

/**
 * What a client was told is written is written: the leader had it before the client was told, and has it whenever it
 * starts again. Every epoch that begins later has it, unless an operator has accepted that it may be lost, and then only
 * behind where that said. When all is settled, every node has it.
 */
export class Acknowledged implements Checker {
  readonly name = 'acknowledged (D1, E4, INV-01, INV-46)';
  readonly #ledger: Ledger;
  /** By their offset and epoch. */
  readonly #acked = new Map<string, Position>();
  /** How many branches have been looked at. */
  #branchesSeen = 0;
  /** The newest offset any leader is known to have had durably. */
  #leaderOffset = 0;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  observe(event: TimedEvent): void {
    switch (event.kind) {
      case 'started':
        this.#checkEpochs();
        if (event.role === 'leader') this.#checkStart(event);
        break;
      case 'published':
        this.#checkEpochs();
        if (event.role === 'leader') this.#leaderOffset = Math.max(this.#leaderOffset, event.head.offset);
        break;
      case 'write-acked':
        this.#acknowledge(event.position);
        break;
      case 'settled':
        this.#checkSettled(event);
        break;
      default:
    }
  }

  #acknowledge(position: Position): void {
    const { offset, epoch } = position;
    // Nothing had to be written.
    if (offset === 0) return;
    if (offset > this.#leaderOffset)
      throw this.#violation(`${offset} was acknowledged when the leader had published up to ${this.#leaderOffset}`);
    const known = this.#ledger.branchNamed(epoch)?.at(offset);
    if (known === undefined || !samePosition(known.position, position))
      throw this.#violation(`${formatPosition(position)} was acknowledged, and is not in the leader's log`);
    this.#acked.set(`${offset}.${epoch}`, position);
    const branches = this.#ledger.branches();
    const newest = Math.max(...branches.map((branch) => epochCounter(branch.epoch)));
    const [branch, ...rivals] = branches.filter((each) => epochCounter(each.epoch) === newest);
    // What was written before may be acknowledged again by whoever leads now, and a rival that was given up may be without it.
    if (rivals.length === 0) this.#checkHolds(branch!, position, `epoch ${branch!.epoch}`);
  }

  /** An epoch that begins goes on from all that was acknowledged. */
  #checkEpochs(): void {
    const branches = this.#ledger.branches();
    for (const branch of branches.slice(this.#branchesSeen))
      for (const position of this.#acked.values()) this.#checkHolds(branch, position, `epoch ${branch.epoch}`);
    this.#branchesSeen = branches.length;
  }

  #checkHolds(branch: KnownLog, position: Position, whose: string): void {
    if (epochCounter(branch.epoch) <= epochCounter(position.epoch)) return;
    const held = branch.at(position.offset)?.position;
    if (held !== undefined && samePosition(held, position)) return;
    const left = leftBy(branch, position);
    const wentBack = [left, this.#ledger.branchNamed(position.epoch)].some(
      (each) => each?.begun?.reason === 'restored',
    );
    if (isLossAccepted(left, position, wentBack)) return;
    throw this.#violation(`${whose} is without ${formatPosition(position)}, which was acknowledged`);
  }

  #checkStart({ node, head, records }: Started): void {
    this.#leaderOffset = Math.max(this.#leaderOffset, head.offset);
    if (this.#ledger.isDamaged(node)) return;
    this.#checkReaches(node, head);
    for (const { offsetFirst, offsetLast, epoch, hash } of records) {
      for (let offset = offsetFirst; offset <= offsetLast; offset++) {
        const acked = this.#acked.get(`${offset}.${epoch}`);
        if (acked !== undefined && acked.hash !== hash)
          throw this.#violation(`${node} started with ${hash} at ${offset}, ${formatPosition(acked)} was acknowledged`);
      }
    }
  }

  /** Followers of a damaged leader may have had no way to get what is left of it. */
  #checkSettled({ nodes }: Settled): void {
    if (nodes.some(({ role, isDamaged }) => role === 'leader' && isDamaged)) return;
    for (const { node, isDamaged, isReady, head } of nodes) {
      if (isDamaged || !isReady) continue;
      this.#checkReaches(node, head);
      const known = this.#ledger.branchNamed(head.epoch)?.at(head.offset)?.position ?? START;
      if (!samePosition(known, head))
        throw this.#violation(`${node} settled at ${formatPosition(head)}, the log has ${formatPosition(known)} there`);
      const branch = this.#ledger.branchNamed(head.epoch);
      if (branch !== undefined) for (const position of this.#acked.values()) this.#checkHolds(branch, position, node);
    }
  }

  /** Heads that agree with the log hold all that is below them, by the chain of hashes. */
  #checkReaches(node: string, head: Position): void {
    for (const { offset, epoch } of this.#acked.values())
      if ((epoch === head.epoch || head.offset === 0) && head.offset < offset)
        throw this.#violation(`${node} ends at ${head.offset}, and ${offset} was acknowledged`);
  }

  #violation(message: string): Violation {
    return new Violation(this.name, message);
  }
}

/** The epoch with which a branch went on without a position: the next on its way behind the one that wrote it, or beside it. */
function leftBy(branch: KnownLog, { epoch }: Position): KnownLog {
  return (
    branch.path().find((each) => each.epoch !== epoch && epochCounter(each.epoch) >= epochCounter(epoch)) ?? branch
  );
}

/**
 * Whether whoever began it was told that it may be lost: that is said of what is behind an offset. Where one of the two goes on from
 * a backup, their histories part before that.
 */
function isLossAccepted(branch: KnownLog, { offset }: Position, wentBack: boolean): boolean {
  return branch.begun?.mayBeLost !== undefined && (offset >= branch.offsetFirst || wentBack);
}
