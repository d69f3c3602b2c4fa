import type { AddMetrics } from '@skein/http';
import type { FastifyInstance } from 'fastify';
import type { MeshIntake } from './intake.ts';

/** The way through a broker, as a node of a mesh uses it: it tells of what is written here, and hands in what others tell. */
export interface MeshEventsPort {
  /** Begins when the server is ready, and ends with it. */
  install(app: FastifyInstance, intake: MeshIntake): void;
  /** For /v1/status. */
  describe(): Readonly<Record<string, unknown>>;
  readonly addMetrics: AddMetrics;
  /** Why the node is not well as far as this is concerned; null when it is. */
  verdict(): string | null;
}
