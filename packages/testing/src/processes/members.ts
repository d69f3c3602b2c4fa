import type { Cluster } from './cluster.ts';
import { freePort } from './free-port.ts';
import type { Flags, NodeProcess } from './node-process.ts';
import { until } from './until.ts';

/** Three members that know of each other, of which the first leads; all are on its log when they are answered. */
export async function startMembers(cluster: Cluster, flags: Flags = {}): Promise<readonly NodeProcess[]> {
  const ports = [await freePort(), await freePort(), await freePort()];
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  const settingsOf = (i: number): Flags => ({
    'node-id': `member-${i + 1}`,
    peers: urls.filter((_url, other) => other !== i).join(','),
    ...flags,
  });
  const leader = await cluster.leader(settingsOf(0), { port: ports[0]! });
  const followers = await Promise.all(
    [1, 2].map((i) => cluster.follower({ url: urls.join(',') }, settingsOf(i), { port: ports[i]! })),
  );
  await until('all members count', async () => (await leader.status()).members.every(isCounting));
  await leader.client.put('/v1/collections/members/first', { by: 'nobody' });
  for (const follower of followers) await follower.caughtUpWith(leader);
  return [leader, ...followers];
}

function isCounting({ counts }: { readonly counts: boolean }): boolean {
  return counts;
}
