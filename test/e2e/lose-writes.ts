import { cp, rm } from 'node:fs/promises';
import type { Cluster, NodeProcess } from '@skein/testing';

/**
 * A leader comes back as it was before something was written, which others have by then. Answers a directory that is as it
 * was, too.
 */
export async function loseWrites(cluster: Cluster, leader: NodeProcess, write: () => Promise<void>): Promise<string> {
  await leader.stop();
  const old = await cluster.directory();
  await cp(leader.data, old, { recursive: true });
  await leader.start();
  await write();
  await leader.stop();
  await rm(leader.data, { recursive: true });
  await cp(old, leader.data, { recursive: true });
  await leader.start();
  return old;
}
