import { addressToListenOn, checkExposure } from './listen.ts';
import type { NodeConfig } from './node-config.ts';
import { runNode, type RunningNode } from './running-node.ts';

/** What concerns following, leading and members is of no use here. */
export interface MeshConfig extends Pick<
  NodeConfig,
  | 'data'
  | 'host'
  | 'port'
  | 'insecure'
  | 'valueBytesMax'
  | 'writeBufferBytes'
  | 'cacheBytes'
  | 'scrubEveryMs'
  | 'retention'
  | 'corsOrigins'
  | 'mqtt'
  | 'logger'
  | 'requestTimeoutMs'
  | 'backoffBaseMs'
  | 'backoffMaxMs'
  | 'circuitFailuresMax'
  | 'circuitOpenMs'
> {
  /** Unique in the mesh for good: the node's changes carry it wherever they go. */
  readonly nodeId: string;
  /** Addresses of other nodes of the mesh, whose feeds are tailed; the first comes first. */
  readonly peers?: readonly string[] | undefined;
  /** How often the documents are compared with those of each peer; a minute unless given. */
  readonly compareEveryMs?: number | undefined;
  /** Changes whose time is further ahead than this are not merged yet; five minutes unless given. */
  readonly clockDriftMsMax?: number | undefined;
  /** Whether what lost to a write that did not know of it is kept in `$conflicts`. */
  readonly keepsConflicts?: boolean | undefined;
}

const PORT = 7400;

/** Opens the database, takes writes, and merges what the other nodes of the mesh write. */
export async function startMesh(config: MeshConfig): Promise<RunningNode> {
  const address = addressToListenOn(config, PORT);
  checkExposure(address);
  // All of it is loaded by nodes of a mesh alone.
  const { prepareMeshNode } = await import('./mesh/prepare-mesh-node.ts');
  return runNode({ ...(await prepareMeshNode(config, address)), address });
}
