import type { FastifyInstance } from 'fastify';
import type { AddMetrics } from './operations/metrics.ts';

/** What a node does in its role beside what every node of that role does. */
export interface RoleAddition {
  /** Begins when the server is ready, and ends with it. */
  install(app: FastifyInstance): void;
  /** What /v1/status says of it. */
  describe(): Readonly<Record<string, unknown>>;
  readonly addMetrics: AddMetrics;
  /** What it signs with that it pushes, where it does. */
  readonly pushKey?: string;
}
