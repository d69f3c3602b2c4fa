import type { Checker, TimedEvent } from '../../history.ts';
import { Acknowledged } from '../acknowledged.ts';
import { Durable } from '../durable.ts';
import { Feed } from '../feed.ts';
import { Gapless } from '../gapless.ts';
import type { Ledger } from '../ledger.ts';
import { LogTime } from '../log-time.ts';
import { Prefix } from '../prefix.ts';
import { Sessions } from '../sessions.ts';
import { SingleContent } from '../single-content.ts';
import { Transactions } from '../transactions.ts';
import type { MeshLogs } from './mesh-logs.ts';

/**
 * A node of a mesh is a leader of its own log. So what holds for a leader holds for each, and these look at each as if there were no
 * other. The first feeds the node's ledger.
 */
export class EachNode implements Checker {
  readonly name = 'each node';
  readonly #checkers: ReadonlyMap<string, readonly Checker[]>;
  readonly #nodesAsked = new Map<number, string>();

  constructor(logs: MeshLogs, nodes: readonly { readonly name: string }[]) {
    this.#checkers = new Map(nodes.map(({ name }) => [name, checkersOf(logs.ledgerOf(name))]));
  }

  observe(event: TimedEvent): void {
    if (event.kind === 'write-sent') this.#nodesAsked.set(event.write.id, event.node);
    for (const [node, checkers] of this.#checkers) {
      const own = this.#ownOf(event, node);
      if (own !== undefined) for (const checker of checkers) checker.observe(own);
    }
  }

  /** What of an event concerns a node. */
  #ownOf(event: TimedEvent, node: string): TimedEvent | undefined {
    if (event.kind === 'settled')
      return asLeader({ ...event, nodes: event.nodes.filter((settled) => settled.node === node) });
    const of = 'node' in event ? event.node : 'id' in event ? this.#nodesAsked.get(event.id) : undefined;
    return of === node ? asLeader(event) : undefined;
  }
}

/** An event as one of a leader, which its node is of its own log. */
export function asLeader(event: TimedEvent): TimedEvent {
  if (event.kind === 'settled') return { ...event, nodes: event.nodes.map((node) => ({ ...node, role: 'leader' })) };
  return 'role' in event ? { ...event, role: 'leader' } : event;
}

function checkersOf(ledger: Ledger): readonly Checker[] {
  return [
    new SingleContent(ledger),
    new Gapless(ledger),
    new Durable(ledger),
    new Acknowledged(ledger),
    new Transactions(ledger),
    new LogTime(ledger),
    new Prefix(ledger),
    new Feed(ledger),
    new Sessions(ledger),
  ];
}
