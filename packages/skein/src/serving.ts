import type { NodeConfig } from './node-config.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { DAY_MS, RETENTION } from './retention.ts';
import { VERSION } from './version.ts';

/** A node parks the requests that wait at another one this long, so that a silent one is noticed. */
const WAIT_SECONDS = 10;

/** What every node serves with, whatever its role. */
export function servingOf(config: NodeConfig) {
  return {
    random: Math.random,
    version: VERSION,
    retention: { ...RETENTION, ...config.retention },
    scrubEveryMs: config.scrubEveryMs === undefined ? DAY_MS : config.scrubEveryMs,
    corsOrigins: config.corsOrigins,
    logger: config.logger,
    addProcessMetrics,
  };
}

/** How a node asks another one for its changes. */
export function policyOf(config: NodeConfig) {
  return {
    backoff: { baseMs: config.backoffBaseMs ?? 2000, maxMs: config.backoffMaxMs ?? 60_000 },
    breaker: { failuresMax: config.circuitFailuresMax ?? 5, openMs: config.circuitOpenMs ?? 30_000 },
    waitSeconds: WAIT_SECONDS,
  };
}
