import type { AddMetrics } from '@skein/http';
import { collectDefaultMetrics } from 'prom-client';

/** Event loop delay is sampled this often; the default of 10 ms would keep an idle node busy. */
const EVENT_LOOP_SAMPLE_MS = 500;

/** What Node tells of the process a node runs in. */
export const addProcessMetrics: AddMetrics = (registry) =>
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS });
