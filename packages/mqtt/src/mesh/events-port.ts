import type { AddMetrics } from '@skein/http';
import type { FastifyInstance } from 'fastify';
import type { MeshIntake } from './intake.ts';

/** The part of a mesh node that goes through a broker, where there is one. */
export interface MeshEventsPort {
  /** Begins when the server is ready, and ends with it. What it hears goes to the intake. */
  install(app: FastifyInstance, intake: MeshIntake): void;
  describe(): Readonly<Record<string, unknown>>;
  readonly addMetrics: AddMetrics;
  /** What is the matter with it, as a sentence; null when nothing is. */
  verdict(): string | null;
}
