import { formatPosition, HEADERS, parseSince, SkeinError, type Since } from '@skein/protocol';
import { planRead, type ReadPlan } from '@skein/replication';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Commits } from './commits.ts';
import type { ServedNode } from './node.ts';
import { headerOf, preferredWait } from './request.ts';

/** How long a read waits for its position when the client does not say. */
const WAIT_SECONDS_DEFAULT = 5;

/** Holds a read back until this node has what `Skein-Min-Position` names: read your own writes, on any node. */
export function minPositionHook(node: ServedNode, commits: Commits) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const header = headerOf(request, HEADERS.minPosition);
    if (header === undefined) return;
    const min = parseSince(header);
    const deadlineMs = node.clock.now() + (preferredWait(request) ?? WAIT_SECONDS_DEFAULT) * 1000;
    for (;;) {
      const lookedAt = node.store.facts;
      const plan = await planFor(node, min);
      if (plan.kind === 'ready') return;
      if (plan.kind === 'lost') throw new SkeinError('write_lost', undefined, where(node));
      const end = await commits.until(() => node.store.facts !== lookedAt, deadlineMs - node.clock.now(), reply);
      if (end !== 'happened')
        throw new SkeinError(node.stopping.aborted ? 'stopping' : 'wait_timeout', undefined, where(node));
    }
  };
}

async function planFor(node: ServedNode, min: Since): Promise<ReadPlan> {
  const { store, role } = node;
  const bounds = node.bounds();
  const isStart = min.kind === 'position' && min.position.offset === 0;
  // Everyone has the beginning, also a follower that does not know its log yet.
  if (bounds === undefined) return { kind: isStart ? 'ready' : 'wait' };
  const offset =
    min.kind === 'position' ? min.position.offset : min.kind === 'offset' ? min.offset : bounds.head.offset;
  const mayHold = offset <= bounds.head.offset && offset >= bounds.tail - 1;
  const held = mayHold ? await store.positionAt(offset) : undefined;
  return planRead(min, bounds, held, { role, underWayTo: store.underWayTo });
}

function where({ store }: ServedNode): Readonly<Record<string, unknown>> {
  return { head: formatPosition(store.facts.head) };
}
