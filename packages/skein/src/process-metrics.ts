import type { AddMetrics } from '@skein/http';
import { collectDefaultMetrics, Registry } from 'prom-client';

/** Event loop delay is sampled this often; the default of 10 ms would keep an idle node busy. */
const EVENT_LOOP_SAMPLE_MS = 500;

let ofProcess: Registry | undefined;

/** What Node tells of the process a node runs in: measured once, however many nodes and roles tell it. */
export const addProcessMetrics: AddMetrics = (registry) => {
  if (ofProcess === undefined) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS });
  }
  for (const { name } of ofProcess.getMetricsAsArray()) registry.registerMetric(ofProcess.getSingleMetric(name)!);
};
