import { MEDIA_TYPES, SkeinError } from '@skein/protocol';
import type { FastifyInstance } from 'fastify';
import { headerOf, negotiate, NO_QUERY } from '../request.ts';

const OPENAPI_TYPE = 'application/vnd.oai.openapi+json';
const TEXT_TYPES = { [MEDIA_TYPES.json]: MEDIA_TYPES.json, [OPENAPI_TYPE]: `${OPENAPI_TYPE};version=3.1` } as const;

/**
 * The document as it is served, and committed. It is made when it is first asked for: a node that nobody asks neither loads what it
 * is made of nor keeps it.
 */
export async function openApiText(version: string): Promise<string> {
  const { openApiDocument } = await import('./document.ts');
  return `${JSON.stringify(openApiDocument(version), null, 2)}\n`;
}

/** GET /openapi.json, and GET /docs, its page: what this interface says of itself, the same on every role. */
export function openApiRoutes(app: FastifyInstance, version: string): void {
  const schema = { querystring: NO_QUERY };
  const text = once(() => openApiText(version));
  const page = once(async () => {
    const [{ openApiDocument }, { renderPage }] = await Promise.all([
      import('./document.ts'),
      import('./page/render-page.ts'),
    ]);
    return renderPage(openApiDocument(version));
  });

  app.get('/openapi.json', { schema }, async (request, reply) => {
    const offered = [MEDIA_TYPES.json, OPENAPI_TYPE] as const;
    const type = negotiate<(typeof offered)[number]>(headerOf(request, 'accept'), offered);
    if (type === undefined) throw new SkeinError('not_acceptable', `this is served as ${offered.join(', ')}`);
    return reply
      .header('content-type', TEXT_TYPES[type])
      .header('cache-control', 'no-cache')
      .header('vary', 'Accept')
      .send(await text());
  });

  app.get('/docs', { schema }, async (_request, reply) => {
    const { html, policy } = await page();
    return reply
      .header('content-type', 'text/html; charset=utf-8')
      .header('content-security-policy', policy)
      .header('x-content-type-options', 'nosniff')
      .header('referrer-policy', 'no-referrer')
      .header('cache-control', 'no-cache')
      .send(html);
  });
}

/** Makes something when it is first wanted; those who want it meanwhile wait for the same. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
