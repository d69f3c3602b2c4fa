import closeWithGrace from 'close-with-grace';
import type { Config } from '../config/load.ts';
import type { NodeCommand } from '../config/options.ts';
import { createLogger, type NodeLogger } from '../logger.ts';
import { startFollower } from '../start-follower.ts';
import type { RunningNode } from '../running-node.ts';
import { startLeader } from '../start-leader.ts';
import { startMesh } from '../start-mesh.ts';
import { readMqttConfig } from '../push/read-mqtt-config.ts';
import { VERSION } from '../version.ts';
import { CommandError } from './command-error.ts';

/** How long a stop may take before it is forced. */
const STOP_MS_MAX = 10_000;

/** Runs a node until it is told to stop. */
export async function runNode(role: NodeCommand, config: Config): Promise<void> {
  const logger = await createLogger(config.need('log-level'));
  const node = await RUN[role](config, logger);
  const { identity, head } = node.store.facts;
  logger.info(
    {
      role,
      url: node.url,
      node: identity.node,
      data: config.need('data'),
      log: identity.log,
      head: head.offset,
      version: VERSION,
    },
    `skein ${role} is listening on ${node.url}`,
  );
  stopOnSignal(node, logger);
}

const RUN: Readonly<Record<NodeCommand, (config: Config, logger: NodeLogger) => Promise<RunningNode>>> = {
  leader: runLeader,
  follower: runFollower,
  mesh: runMesh,
};

async function runLeader(config: Config, logger: NodeLogger): Promise<RunningNode> {
  return startLeader({
    ...(await common(config)),
    ...following(config),
    logger,
  });
}

async function runFollower(config: Config, logger: NodeLogger): Promise<RunningNode> {
  const leader = config.get('leader');
  if (leader === undefined)
    throw new CommandError('usage', 'a follower needs --leader, the address of the node to follow');
  return startFollower({
    ...(await common(config)),
    ...following(config),
    leader,
    acceptReset: config.need('accept-reset'),
    logger,
  });
}

async function runMesh(config: Config, logger: NodeLogger): Promise<RunningNode> {
  return startMesh({
    ...(await common(config)),
    nodeId: config.need('node-id'),
    clockDriftMsMax: config.need('max-clock-drift'),
    keepsConflicts: config.need('keep-conflicts'),
    logger,
  });
}

async function common(config: Config) {
  return {
    mqtt: await readMqttConfig(config),
    data: config.need('data'),
    host: config.need('host'),
    port: config.need('port'),
    nodeId: config.get('node-id'),
    insecure: config.need('insecure'),
    writeBufferBytes: config.need('write-buffer'),
    cacheBytes: config.need('cache'),
    scrubEveryMs: config.need('scrub-interval'),
    valueBytesMax: config.need('max-value'),
    peers: config.get('peers'),
    corsOrigins: config.get('cors-origins'),
    requestTimeoutMs: config.need('request-timeout'),
    backoffBaseMs: config.need('backoff-base'),
    backoffMaxMs: config.need('backoff-max'),
    circuitFailuresMax: config.need('circuit-failures'),
    circuitOpenMs: config.need('circuit-open'),
    compareEveryMs: config.need('compare-interval'),
    retention: {
      changesMin: config.need('retain-changes'),
      bytesMax: config.need('retain-bytes'),
      silenceMsMax: config.need('retain-age'),
    },
  };
}

/** Of nodes of which one leads: each may follow. */
function following(config: Config) {
  return {
    minReplicas: config.need('min-replicas'),
    pollIntervalMs: config.get('poll-interval') ?? null,
    batchSize: config.need('batch-size'),
    pingIntervalMs: config.need('ping-interval'),
    rateLimit: config.get('rate-limit') ?? null,
    rateBurst: config.need('rate-burst'),
    lagMsMax: config.need('max-lag'),
    repairs: config.need('repair'),
    sloPageReadMs: config.need('slo-page-read'),
    sloLeaderCallMs: config.need('slo-leader-call'),
    sloBatchMs: config.need('slo-batch'),
    sloLagMs: config.need('slo-lag'),
    forwardWrites: config.need('forward-writes'),
  };
}

function stopOnSignal(node: RunningNode, logger: NodeLogger): void {
  closeWithGrace({ delay: STOP_MS_MAX, logger }, async ({ signal, err }) => {
    if (err !== undefined) logger.fatal({ err }, 'stopping after an error nobody handled');
    else logger.info({ signal }, 'stopping');
    await node.close();
    logger.info('stopped');
  });
}
