import { formatPosition } from '@skein/protocol';
import type { TimedEvent } from '../history.ts';

/** The story of a run for people, a line an event; what a node says of its health only when it says something new. */
export function storyOf(events: readonly TimedEvent[]): readonly string[] {
  const said = new Map<string, string>();
  const lines: string[] = [];
  for (const event of events) {
    const text = sentence(event);
    if (event.kind === 'health') {
      if (said.get(event.node) === text) continue;
      said.set(event.node, text);
    }
    lines.push(`${event.ms.toFixed(1).padStart(9)} ms  ${text}`);
  }
  return lines;
}

function sentence(event: TimedEvent): string {
  switch (event.kind) {
    case 'started':
      return `${event.node} is open: log ${event.log}, ${event.records.length} records, head ${formatPosition(event.head)}`;
    case 'ended':
      return `${event.node} ${event.how}`;
    case 'damaged':
      return `${event.node}'s disk was changed behind its back`;
    case 'clock-set':
      return `${event.node}'s clock was set to be ${event.skewMs} ms ahead`;
    case 'renewed':
      return `${event.node} serves another database, as of ${formatPosition(event.head)}`;
    case 'backed-up':
      return `a backup was taken of ${event.node}, as of ${formatPosition(event.position)}`;
    case 'restored':
      return `${event.node} was restored, and begins ${formatPosition(event.position)}`;
    case 'drift-found':
      return `${event.node} says that it has other documents: ${event.examples.join(', ')}`;
    case 'cut-off':
      return `${event.node} cannot go on from the log: ${event.reason}`;
    case 'slot-lost':
      return `${event.node} says that ${event.follower} is lost`;
    case 'published': {
      const first = event.records[0]!.offsetFirst;
      return `${event.node} published ${first}..${event.head.offset} in ${event.records.length} records, durable up to ${event.durable}`;
    }
    case 'write-sent': {
      const what = event.write.operations.map(({ op, collection, key }) => `${op} ${collection}/${key}`).join(', ');
      const key = event.write.idempotencyKey === undefined ? '' : ' with a key';
      return `write ${event.write.id} (${what})${key} sent to ${event.node}, attempt ${event.attempt}`;
    }
    case 'write-acked':
      return `write ${event.id} acknowledged at ${formatPosition(event.position)}${event.replayed ? ', replayed' : ''}`;
    case 'write-failed':
      return `write ${event.id} ${event.outcome}: ${event.code}`;
    case 'read': {
      const min = event.minPosition === undefined ? '' : `, not before ${event.minPosition.offset}`;
      return `${event.client} read ${event.collection}/${event.key} on ${event.node}${min}: version ${event.versionOffset}`;
    }
    case 'read-lost':
      return `${event.client} was told by ${event.node} that ${formatPosition(event.minPosition)} is lost`;
    case 'page':
      return `${event.reader} got ${event.lines.length} changes of ${event.node}, ${event.since} to ${event.next}, head ${event.head}`;
    case 'time-found':
      return `${event.reader} asked ${event.node} for ${event.timeMs} and later, which begins behind ${event.since ?? 'nothing that is kept'}`;
    case 'health': {
      const { healthy, connected, lag_changes: lag, error } = event.health;
      return `${event.node} says healthy ${healthy}, connected ${connected}, lag ${lag}${error === null ? '' : `, ${error}`}`;
    }
    case 'settled':
      return `settled: ${event.nodes.map(settledText).join(', ')}`;
  }
}

function settledText({
  node,
  role,
  isReady,
  head,
  health,
}: (TimedEvent & { readonly kind: 'settled' })['nodes'][number]): string {
  const error = health?.error ?? null;
  return `${node} (${role}) ${isReady ? 'ready' : 'not ready'} at ${formatPosition(head)}${error === null ? '' : `, ${error}`}`;
}
