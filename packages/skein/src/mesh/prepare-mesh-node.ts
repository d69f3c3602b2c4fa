import { randomUUID } from 'node:crypto';
import { systemClock, systemRandomness, type MeshOptions } from '@skein/core';
import { Membership, undiciLink } from '@skein/http';
import { Leader } from '@skein/leader';
import { assertFitsEvent, MeshNode } from '@skein/mqtt';
import { openDataDirectory } from '../data-directory.ts';
import { isItself } from '../is-itself.ts';
import type { ListenOptions } from '../listen.ts';
import { checkMqttConfig } from '../push/check-mqtt-config.ts';
import { NodePush } from '../push/node-push.ts';
import { RoleKeeper } from '../roles/role-keeper.ts';
import type { NodeParts } from '../running-node.ts';
import { policyOf, servingOf } from '../serving.ts';
import type { MeshConfig } from '../start-mesh.ts';

const ALONE = 'this node is the only one of its mesh: others are reached with --peers or --mqtt-url';
const BROKER_ALONE =
  'without --peers, this node never has what others tell the broker while it is away: give it one that is always there';

const CLOCK_DRIFT_MS_MAX = 5 * 60_000;
const ANTI_ENTROPY_EVERY_MS = 60_000;

/** Opens the database, and makes the node of a mesh of it that nobody reaches yet. */
export async function prepareMeshNode(config: MeshConfig, address: ListenOptions): Promise<NodeParts> {
  const { mqtt, logger, data, nodeId } = config;
  if (mqtt !== undefined) checkMqttConfig(mqtt);
  const clock = systemClock;
  const { store } = await openDataDirectory({
    ...config,
    directory: data,
    role: 'mesh',
    takesEitherRole: false,
    nodeId,
    clock,
    mesh: meshOptionsOf(config),
  });
  // Each node may be given the same list.
  const peers = (config.peers ?? []).filter((peer) => !isItself(peer, address));
  if (peers.length === 0) logger?.warn(mqtt === undefined ? ALONE : BROKER_ALONE);
  const serving = servingOf(config);
  const policy = policyOf(config);
  const push = mqtt === undefined ? null : new NodePush(mqtt, { store, clock, random: Math.random, ...policy, logger });
  const alone = { peers: [], leaders: [], minReplicas: 0 };
  const membership = new Membership({ store, clock, openLink: undiciLink, ...alone, instance: randomUUID(), logger });
  const makeMeshNode = (): MeshNode =>
    new MeshNode({
      store,
      clock,
      random: Math.random,
      peers,
      openLink: undiciLink,
      policy: {
        ...policy,
        requestTimeoutMs: config.requestTimeoutMs ?? 10_000,
        clockDriftMsMax: config.clockDriftMsMax ?? CLOCK_DRIFT_MS_MAX,
        antiEntropyEveryMs: config.compareEveryMs ?? ANTI_ENTROPY_EVERY_MS,
      },
      events: push?.ofMesh() ?? null,
      logger,
    });
  const keeper = new RoleKeeper({
    store,
    clock,
    membership,
    makeLeader: () => new Leader({ store, clock, membership, ...serving, role: 'mesh', addition: makeMeshNode() }),
    makeFollower: null,
    leaderUrl: null,
  });
  return { keeper, store, clock, push };
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const INCARNATION_CHARS = 8;

function newIncarnation(): string {
  return Array.from(systemRandomness(INCARNATION_CHARS), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

function meshOptionsOf({ mqtt, nodeId, keepsConflicts = false }: MeshConfig): MeshOptions {
  const teller = { nodeId, plainCollection: mqtt?.plainCollection };
  return {
    newIncarnation,
    keepsConflicts,
    // Also without a broker: the next node may have one.
    assertFits: (change) => assertFitsEvent(change, teller),
  };
}
