import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { startFollower } from '../start-follower.ts';
import type { RunningNode } from '../running-node.ts';
import { startLeader } from '../start-leader.ts';
import { startMesh } from '../start-mesh.ts';
import type { Expositions } from './metrics.ts';

/** Runs a node of each role for as long as it takes to ask it for its metrics, after a first request. */
export async function scrapeNodes(): Promise<Expositions> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-docs-'));
  const nodes: RunningNode[] = [];
  try {
    // Nobody is there; what is measured of a broker is there all the same.
    const mqtt = { url: 'mqtt://127.0.0.1:9' };
    const leader = await startLeader({ data: join(directory, 'leader'), port: 0, mqtt });
    nodes.push(leader);
    const follower = await startFollower({ leader: leader.url, data: join(directory, 'follower'), port: 0, mqtt });
    nodes.push(follower);
    const peers = [leader.url];
    const mesh = await startMesh({ data: join(directory, 'mesh'), port: 0, nodeId: 'mesh-1', mqtt, peers });
    nodes.push(mesh);
    // The labels of a request are there once there was one.
    for (const { url } of nodes) await textAt(url, '/livez');
    return {
      leader: await textAt(leader.url, '/metrics'),
      follower: await textAt(follower.url, '/metrics'),
      mesh: await textAt(mesh.url, '/metrics'),
    };
  } finally {
    for (const node of nodes.toReversed()) await node.close();
    await rm(directory, { recursive: true });
  }
}

async function textAt(url: string, path: string): Promise<string> {
  const { body } = await request(new URL(path, url));
  return body.text();
}
