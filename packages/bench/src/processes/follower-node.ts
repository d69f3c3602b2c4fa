import { startFollower } from 'skein';
import { endWith, given, machineMs, say } from './stage-hand.ts';

/**
 * A follower as a program embeds it, with a note of when each change became durable here. `startFollower` answers in the
 * same turn of the event loop in which it sends its first request, so that moment is the start of replication; the end is
 * told by the store itself. Nobody has to poll.
 */

interface Given {
  readonly leader: string;
  readonly directory: string;
  /** Says `reached` once this offset is durable. */
  readonly untilOffset?: number;
}

const { leader, directory, untilOffset } = given() as Given;
const node = await startFollower({ leader, data: directory, port: 0 });
const startedAt = machineMs();
const applied: { readonly offset: number; readonly at: number }[] = [];
const stopListening = node.store.subscribe(({ head }) => {
  const at = machineMs();
  applied.push({ offset: head.offset, at });
  if (head.offset !== untilOffset) return;
  say({ seconds: (at - startedAt) / 1000 });
});
say({ url: node.url });
process.on('message', () => say(applied));
endWith(async () => {
  stopListening();
  await node.close();
});
