import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { documentText, Random } from '../documents.ts';
import { endWith, say } from './stage-hand.ts';

/** The ceiling under the HTTP benches: fastify as it comes. PUT parses the body and stores nothing; GET sends a constant. */

const app = Fastify();
const document = Buffer.from(documentText(1, new Random(1)));
app.put('/v1/collections/:collection/:key', (_request, reply) => reply.send({ ok: true }));
app.get('/v1/collections/:collection/:key', (_request, reply) =>
  reply.header('content-type', 'application/json').send(document),
);
await app.listen({ host: '127.0.0.1', port: 0 });
const { port } = app.server.address() as AddressInfo;
say({ url: `http://127.0.0.1:${port}` });
endWith(() => app.close());
