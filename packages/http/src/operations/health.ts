import type { FastifyInstance } from 'fastify';
import type { ServedNode } from '../node.ts';
import { NO_QUERY } from '../request.ts';

/** Whether the process is up, whether to send it traffic, and the full story. Never cached, never behind a wait. */
export function healthRoutes(app: FastifyInstance, node: ServedNode): void {
  const options = { schema: { querystring: NO_QUERY }, logLevel: 'warn' } as const;

  app.get('/livez', options, (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'up' }));

  app.get('/readyz', options, (_request, reply) => {
    const { ready, reason } = node.readiness();
    return reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: ready ? 'ready' : 'not ready', reason });
  });

  app.get('/healthz', options, (_request, reply) => {
    const health = node.health();
    return reply
      .code(health.healthy ? 200 : 503)
      .header('cache-control', 'no-store')
      .send(health);
  });
}
