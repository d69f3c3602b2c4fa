import { formatPosition, samePosition } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent } from '../history.ts';
import { nameOf } from './compare-documents.ts';
import type { KnownLog } from './known-log.ts';
import type { Ledger } from './ledger.ts';

type Read = TimedEvent & { readonly kind: 'read' };

/** Where a read may have looked: the log ended somewhere between. */
interface Range {
  readonly log: KnownLog;
  readonly from: number;
  readonly to: number;
}

/**
 * A read answers a version that was the newest at some moment it may have looked: not before the position it had to
 * cover, nor, at the leader, before it was sent; and not after its answer came. A follower asked for nothing may answer
 * anything that ever was.
 *
 * One answer cannot be judged at once: the leader's Level may show a batch in the instant between its sync and its
 * publication. Such a read waits for what its node publishes next, or for what is in its log when it starts again.
 */
export class Sessions implements Checker {
  readonly name = 'sessions (F5, F6, D9)';
  readonly #ledger: Ledger;
  readonly #pending = new Map<string, Read[]>();
  /** The branches each node has been on, and until when; the last it is still on. */
  readonly #branches = new Map<string, { readonly log: KnownLog; untilMs: number }[]>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  observe(event: TimedEvent): void {
    switch (event.kind) {
      case 'read':
        this.#read(event);
        break;
      case 'read-lost':
        this.#checkLost(event);
        break;
      case 'renewed':
        this.#noteBranch(event.node, event.ms);
        break;
      case 'started':
      case 'published':
        this.#noteBranch(event.node, event.ms);
        this.#judgePending(event.node, event.head.offset);
        break;
      case 'settled':
        for (const { node, head } of event.nodes) this.#judgePending(node, head.offset);
        break;
      default:
    }
  }

  #read(read: Read): void {
    if (read.versionOffset === 0 && read.valueText !== undefined)
      throw this.#violation(read, `has the value ${read.valueText}, and no version`);
    // While the answer was on its way, the node may have gone over to another history.
    const logs = (this.#branches.get(read.node) ?? []).filter(({ untilMs }) => untilMs >= read.sentAtMs);
    const problems = logs.map(({ log }) => this.#problemOn(log, read));
    if (logs.length === 0 || problems.includes(undefined)) return;
    const problem = problems[0]!;
    if (!logs.some(({ log }) => this.#maySeeUnpublished(read, log))) throw this.#violation(read, problem);
    const pending = this.#pending.get(read.node);
    if (pending === undefined) this.#pending.set(read.node, [read]);
    else pending.push(read);
  }

  /** What is in its history is not lost. */
  #checkLost({ client, node, minPosition, sentAtMs }: TimedEvent & { readonly kind: 'read-lost' }): void {
    const logs = (this.#branches.get(node) ?? []).filter(({ untilMs }) => untilMs >= sentAtMs);
    const isThere = ({ log }: { readonly log: KnownLog }): boolean => {
      const held = log.at(minPosition.offset)?.position;
      return held !== undefined && samePosition(held, minPosition);
    };
    if (logs.length === 0 || !logs.every(isThere)) return;
    throw new Violation(
      this.name,
      `${client} is told by ${node} that ${formatPosition(minPosition)} is lost, and it is there`,
    );
  }

  #problemOn(log: KnownLog, read: Read): string | undefined {
    return this.#notCovered(read, log) ?? problemOf(read, { log, from: this.#from(read), to: read.headAfter });
  }

  #noteBranch(node: string, ms: number): void {
    const log = this.#ledger.logOf(node);
    const branches = this.#branches.get(node) ?? [];
    this.#branches.set(node, branches);
    const last = branches.at(-1);
    if (log === undefined || last?.log === log) return;
    if (last !== undefined) last.untilMs = ms;
    branches.push({ log, untilMs: Infinity });
  }

  #judgePending(node: string, head: number): void {
    const log = this.#ledger.logOf(node);
    const pending = this.#pending.get(node);
    if (log === undefined || pending === undefined) return;
    this.#pending.delete(node);
    for (const read of pending) {
      const problem = problemOf(read, { log, from: this.#from(read), to: Math.max(read.headAfter, head) });
      if (problem !== undefined) throw this.#violation(read, problem);
    }
  }

  /** A node that does not have the position's history has to refuse, not answer. */
  #notCovered({ minPosition }: Read, log: KnownLog): string | undefined {
    if (minPosition === undefined || minPosition.offset === 0) return undefined;
    const known = log.at(minPosition.offset)?.position;
    if (known !== undefined && samePosition(known, minPosition)) return undefined;
    return `claims to cover ${formatPosition(minPosition)}, which is not in its log`;
  }

  #from({ node, minPosition, minOffset, headBefore }: Read): number {
    const isAtLeader = this.#ledger.roleOf(node) === 'leader' && !this.#ledger.isDamaged(node);
    return Math.max(minPosition?.offset ?? 0, minOffset, isAtLeader ? headBefore : 0);
  }

  /** Whether the answer can be of a batch that has yet to be published. What a follower writes, its leader has told. */
  #maySeeUnpublished({ node, versionOffset, headAfter }: Read, log: KnownLog): boolean {
    if (this.#ledger.roleOf(node) === 'follower') return false;
    return log.at(versionOffset === 0 ? headAfter + 1 : versionOffset) === undefined;
  }

  #violation({ client, node, collection, key }: Read, message: string): Violation {
    return new Violation(this.name, `${client}, reading ${collection}/${key} from ${node}: the answer ${message}`);
  }
}

function problemOf(read: Read, range: Range): string | undefined {
  return read.versionOffset === 0 ? problemOfAbsence(read, range) : problemOfVersion(read, range);
}

function problemOfVersion(read: Read, { log, from, to }: Range): string | undefined {
  const { versionOffset, valueText } = read;
  const documentId = idOf(read);
  if (versionOffset > to) return `is of ${versionOffset}, and the log ended at ${to}`;
  const entry = log.at(versionOffset);
  if (entry === undefined) return `is of ${versionOffset}, which nobody has published`;
  if (entry.documentId !== documentId) return `is of ${versionOffset}, which is of ${nameOf(entry.documentId)}`;
  if (entry.valueText === undefined) return `is of ${versionOffset}, which deleted it`;
  if (entry.valueText !== valueText) return `of ${versionOffset} is ${valueText}, and should be ${entry.valueText}`;
  const next = log.versionAfter(documentId, versionOffset);
  if (next !== undefined && next.offset <= from)
    return `is of ${versionOffset}, older than ${next.offset}, and should cover ${from}`;
  return undefined;
}

/** That there is no document is right when there was none where the range begins, or one was deleted within it. */
function problemOfAbsence(read: Read, { log, from, to }: Range): string | undefined {
  const documentId = idOf(read);
  const before = log.versionAt(documentId, from);
  if (before?.valueText === undefined) return undefined;
  for (let next = log.versionAfter(documentId, from); next !== undefined && next.offset <= to;) {
    if (next.valueText === undefined) return undefined;
    next = log.versionAfter(documentId, next.offset);
  }
  return `is that there is none, and ${before.offset} made it ${before.valueText}`;
}

function idOf({ collection, key }: Read): string {
  return `${collection}\0${key}`;
}
