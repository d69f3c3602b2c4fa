import { randomUUID } from 'node:crypto';
import { systemClock } from '@skein/core';
import { Follower, type FollowerOptions } from '@skein/follower';
import { Membership, undiciLink } from '@skein/http';
import { Leader } from '@skein/leader';
import type { Role } from '@skein/protocol';
import { CommandError } from './cli/command-error.ts';
import { openDataDirectory } from './data-directory.ts';
import { addressToListenOn, checkExposure } from './listen.ts';
import type { NodeConfig } from './node-config.ts';
import { checkMqttConfig } from './push/check-mqtt-config.ts';
import type { NodePush, NodePushParts } from './push/node-push.ts';
import { RoleKeeper } from './roles/role-keeper.ts';
import { runNode, type NodeParts, type RunningNode } from './running-node.ts';
import { policyOf, servingOf } from './serving.ts';

/** What a command says beside the configuration. */
interface Start {
  /** Of a new node; one that is there has the role that its database says, if it is a member of a set. */
  readonly role: Role;
  readonly leaders: readonly string[];
  readonly port: number;
}

/** Opens the database, and serves it in the role it has. */
export async function startNode(config: NodeConfig, start: Start): Promise<RunningNode> {
  const address = addressToListenOn(config, start.port);
  checkExposure(address);
  return runNode({ ...(await prepareNode(config, start)), address });
}

/** Opens the database, and makes the node of it that nobody reaches yet. */
export async function prepareNode(config: NodeConfig, { role, leaders }: Omit<Start, 'port'>): Promise<NodeParts> {
  const { peers = [], minReplicas = 0, logger } = config;
  if (minReplicas > peers.length)
    throw new CommandError('configuration', `--min-replicas ${minReplicas} needs as many --peers`);
  if (config.mqtt !== undefined) checkMqttConfig(config.mqtt);
  const clock = systemClock;
  const directory = config.data;
  const { store, generations, rescueFiles } = await openDataDirectory({
    ...config,
    directory,
    role,
    takesEitherRole: peers.length > 0,
    nodeId: config.nodeId,
    clock,
  });
  const membership = new Membership({
    store,
    clock,
    openLink: undiciLink,
    peers,
    leaders,
    minReplicas,
    instance: randomUUID(),
    logger,
  });
  const common = { store, clock, membership, ...servingOf(config) };
  const following = followingOf(config);
  const { policy } = following;
  const push = await pushOf(config, { store, clock, random: Math.random, backoff: policy.backoff, logger });
  let mayReset = policy.acceptReset;
  const keeper = new RoleKeeper({
    store,
    clock,
    membership,
    makeLeader: () => new Leader({ ...common, addition: push?.ofLeader() }),
    makeFollower: (leaderUrl, noLeaderReason) => {
      const whom = { leaderUrl: leaderUrl ?? NOBODY, noLeaderReason };
      // It was said of the leader that is followed first, and of no other.
      const acceptReset = mayReset;
      mayReset = false;
      const options = { ...common, ...following, policy: { ...policy, acceptReset } };
      return new Follower({ ...options, generations, rescueFiles, ...whom, pushed: push?.ofFollower() });
    },
    leaderUrl: leaders[0] ?? null,
  });
  return { keeper, store, clock, push };
}

/** Most nodes have no broker, and load nothing for one. */
async function pushOf({ mqtt }: NodeConfig, parts: NodePushParts): Promise<NodePush | null> {
  if (mqtt === undefined) return null;
  const { NodePush } = await import('./push/node-push.ts');
  return new NodePush(mqtt, parts);
}

/** Stands where an address has to; nothing is ever asked of it. */
const NOBODY = 'http://nobody.invalid';

function followingOf(config: NodeConfig) {
  const { rateLimit = null, rateBurst = 1000 } = config;
  return {
    openLink: undiciLink,
    policy: {
      ...policyOf(config),
      pollIntervalMs: config.pollIntervalMs ?? null,
      pageSizeMax: config.batchSize ?? 5000,
      rate: rateLimit === null ? null : { perSecond: rateLimit, burst: rateBurst },
      acceptReset: config.acceptReset ?? false,
    },
    requestTimeoutMs: config.requestTimeoutMs ?? 10_000,
    compareEveryMs: config.compareEveryMs === undefined ? 60_000 : config.compareEveryMs,
    repairs: config.repairs ?? false,
    pingIntervalMs: config.pingIntervalMs ?? 30_000,
    forwardWrites: config.forwardWrites ?? true,
    lagSecondsMax: (config.lagMsMax ?? 30_000) / 1000,
    slo: {
      page_read: config.sloPageReadMs ?? 100,
      leader_call: config.sloLeaderCallMs ?? 500,
      batch: config.sloBatchMs ?? 200,
      lag: config.sloLagMs ?? 30_000,
    },
  } satisfies Partial<FollowerOptions>;
}
