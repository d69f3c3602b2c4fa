import { SkeinError } from '@skein/protocol';
import type { FastifyInstance } from 'fastify';
import { sendProblem } from './problem.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/**
 * Answers 405 with an Allow header where a path is served but not with that method. Call `install` after the last route.
 */
export function watchRoutes(app: FastifyInstance): { readonly install: () => void } {
  const served = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method }) => {
    const methods = served.get(url) ?? new Set();
    served.set(url, methods);
    for (const one of [method].flat()) methods.add(one);
  });
  const install = (): void => {
    for (const [url, methods] of [...served]) {
      const allow = [...methods].join(', ');
      const missing = METHODS.filter((method) => !methods.has(method));
      if (missing.length === 0) continue;
      app.route({
        method: missing,
        url,
        handler: (request, reply) => {
          reply.header('allow', allow);
          return sendProblem(
            reply,
            new SkeinError('method_not_allowed', `${request.method} is not served here; ${allow} are`),
          );
        },
      });
    }
  };
  return { install };
}
