import type { Checker } from '../history.ts';
import { Acknowledged } from './acknowledged.ts';
import { Backups } from './backups.ts';
import { Cleared } from './cleared.ts';
import { Converged } from './converged.ts';
import { Defined } from './defined.ts';
import { Durable } from './durable.ts';
import { Expired } from './expired.ts';
import { Feed } from './feed.ts';
import { Gapless } from './gapless.ts';
import { HonestHealth } from './honest-health.ts';
import { Idempotency } from './idempotency.ts';
import { Ledger } from './ledger.ts';
import { Leadership } from './leadership.ts';
import { LogTime } from './log-time.ts';
import { Prefix } from './prefix.ts';
import { Provenance } from './provenance.ts';
import { Replicated } from './replicated.ts';
import { Rescued } from './rescued.ts';
import { Sessions } from './sessions.ts';
import { SingleContent } from './single-content.ts';
import { Transactions } from './transactions.ts';

/**
 * All checkers of one run, which share a ledger. Tell each of every event, in this order: the first feeds the ledger,
 * and those that find causes stand before those that find what comes of them. In some sets two candidates may be promised the
 * same epoch by members of which they have none in common.
 */
export function allCheckers(mayBeDisjoint = false): readonly Checker[] {
  const ledger = new Ledger();
  return [
    new SingleContent(ledger),
    new Gapless(ledger),
    new Durable(ledger),
    new Acknowledged(ledger),
    new Leadership(ledger, mayBeDisjoint),
    new Backups(ledger),
    new Replicated(ledger),
    new Rescued(ledger),
    new Transactions(ledger),
    new LogTime(ledger),
    new Expired(ledger),
    new Provenance(ledger),
    new Idempotency(ledger),
    new Cleared(ledger),
    new Prefix(ledger),
    new Feed(ledger),
    new Sessions(ledger),
    new HonestHealth(),
    new Converged(),
    new Defined(),
  ];
}
