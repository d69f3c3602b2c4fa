/*
 * The description of the interface and what is served are one thing: every route with its parameters is in it, and nothing else; all
 * its examples are what its schemas say; and no code goes unmentioned.
 */
import { createHash } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ERRORS } from '@skein/protocol';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFollower, startLeader, VERSION, type RunningNode } from 'skein';
import { openApiDocument, type OpenApiOperation } from '../../packages/http/src/openapi/document.ts';
import { renderPage } from '../../packages/http/src/openapi/page/render-page.ts';
import { NEVER_SENT } from '../../packages/http/src/openapi/problems.ts';
import { resolve } from '../../packages/http/src/openapi/resolve.ts';

const document = openApiDocument(VERSION);
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
);
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema({ $id: 'skein', ...document });

const validators = new Map<unknown, ReturnType<typeof ajv.compile>>();

// Schemas, and what plugins say of themselves, are any: a test that names a field wrongly fails.
function faultsOf(schema: any, value: unknown): unknown {
  const known = validators.get(schema.$ref ?? schema);
  const validate = known ?? ajv.compile(schema.$ref === undefined ? schema : { $ref: `skein${schema.$ref}` });
  validators.set(schema.$ref ?? schema, validate);
  return validate(value) ? [] : validate.errors;
}

function parametersOf({ parameters = [] }: OpenApiOperation): readonly any[] {
  return parameters.map((one) => resolve(document, one));
}

describe('what a node serves', () => {
  const served = { leader: new Map<string, any>(), follower: new Map<string, any>() };
  let scratch: string;
  const nodes: RunningNode[] = [];
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'skein-openapi-'));
    const start = async (role: keyof typeof served, starting: () => Promise<RunningNode>): Promise<RunningNode> => {
      const watch = (message: any): void => {
        message.fastify.addHook('onRoute', ({ method, url, schema }: any) => {
          for (const one of [method].flat())
            served[role].set(`${one} ${url.replaceAll(/:(\w+)/g, '{$1}')}`, schema?.querystring);
        });
      };
      subscribe('fastify.initialization', watch);
      const node = await starting();
      unsubscribe('fastify.initialization', watch);
      nodes.push(node);
      return node;
    };
    const { url } = await start('leader', () => startLeader({ data: join(scratch, 'leader'), port: 0 }));
    await start('follower', () => startFollower({ leader: url, data: join(scratch, 'follower'), port: 0 }));
  });
  afterAll(async () => {
    for (const node of nodes.toReversed()) await node.close();
    await rm(scratch, { recursive: true });
  });

  it.each(['leader', 'follower'] as const)('is described, all that a %s has and nothing else', (role) => {
    // Where GET is served HEAD is, which is said once for all of them; the feed's does something of its own.
    const gets = operations.flatMap(({ name }) => (name.startsWith('GET ') ? [name.replace('GET', 'HEAD')] : []));
    const described = new Set([...operations.map(({ name }) => name), ...gets]);
    expect([...served[role].keys()].toSorted()).toStrictEqual([...described].toSorted());
  });

  it.each(['leader', 'follower'] as const)('is described with the query that each route of a %s takes', (role) => {
    for (const { name, operation } of operations) {
      const named = parametersOf(operation).filter((one) => one.in === 'query');
      expect([name, named.map((one) => one.name)]).toStrictEqual([
        name,
        Object.keys(served[role].get(name)?.shape ?? { none: 0 }),
      ]);
    }
  });

  it('is the same text and the same page on both', async () => {
    const [leader, follower] = await Promise.all(
      nodes.map(async ({ url }) => [
        await (await fetch(`${url}/openapi.json`)).text(),
        await (await fetch(`${url}/docs`)).text(),
      ]),
    );
    expect(leader).toStrictEqual(follower);
    expect(JSON.parse(leader![0]!)).toStrictEqual(document);
    expect(leader![1]).toBe(renderPage(document).html);
  });
});

describe('the description', () => {
  it('names each operation once, and says for each what its path takes', () => {
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
    for (const { name, operation } of operations) {
      const inPath = parametersOf(operation).filter((one) => one.in === 'path');
      expect([name, inPath.map((one) => `{${one.name}}`)]).toStrictEqual([name, name.match(/\{\w+\}/g) ?? []]);
    }
  });

  it('has every code of an error that is sent', () => {
    const contents = [
      ...operations.map(({ operation }) => operation),
      { responses: document.components['responses']! },
    ];
    const codes = contents.flatMap(({ responses }) =>
      Object.values(responses as Record<string, any>).flatMap(({ content }) =>
        Object.keys(content?.['application/problem+json']?.examples ?? {}),
      ),
    );
    expect([...new Set([...codes, ...NEVER_SENT])].toSorted()).toStrictEqual(Object.keys(ERRORS).toSorted());
  });

  it.each(operations)(
    'has examples of $name that are as its schemas say, and refusals under their status',
    ({ operation }) => {
      for (const { schema, example } of parametersOf(operation))
        if (example !== undefined) expect([example, faultsOf(schema, example)]).toStrictEqual([example, []]);
      const answers = Object.entries(operation.responses).filter(([status]) => status !== 'default');
      const bodies = [['body', operation.requestBody ?? {}], ...answers] as [string, any][];
      for (const [status, { content = {} }] of bodies)
        for (const { schema = {}, examples = {} } of Object.values(content as Record<string, any>))
          for (const named of Object.values(examples as Record<string, any>)) {
            const { value } = resolve(document, named) as any;
            expect([value, faultsOf(schema, value)]).toStrictEqual([value, []]);
            if (value?.code !== undefined) expect(String(value.status)).toBe(status);
          }
      expect(answers.some(([status]) => Number(status) < 300)).toBe(true);
      expect(answers.some(([status]) => Number(status) >= 400)).toBe(true);
    },
  );
});

describe('the page', () => {
  const { html, policy } = renderPage(document);

  it('loads nothing, and runs nothing but what is in it', () => {
    expect(policy).toContain("default-src 'none'");
    const inline = [...html.matchAll(/<(style|script)>([^]*?)<\/\1>/g)];
    expect(inline.map(([, kind]) => kind)).toStrictEqual(['style', 'script']);
    for (const [, kind, text] of inline) {
      const hash = createHash('sha256').update(text!).digest('base64');
      expect(policy).toContain(`${kind}-src 'sha256-${hash}'`);
    }
    expect(/<[^>]*\s(?:style|on\w+)=/.test(html)).toBe(false);
    expect([...html.matchAll(/<[^>]*\s(?:src|href)="([^"#][^"]*)"/g)].map(([, target]) => target)).toStrictEqual([
      expect.stringMatching(/^data:image\/svg\+xml,/),
      '/openapi.json',
    ]);
  });

  it('has every operation, and links that lead somewhere', () => {
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id!);
    const targets = [...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id!);
    expect(new Set(ids).size).toBe(ids.length);
    expect(targets.filter((id) => !ids.includes(id))).toStrictEqual([]);
    expect(operations.filter(({ operation }) => !ids.includes(operation.operationId))).toStrictEqual([]);
    expect(/[>\s]undefined[<\s]|\[object/.exec(html.replace(/<script>[^]*/, ''))?.[0]).toBe(undefined);
  });

  it('is small enough to be sent to a phone', () => {
    expect(Buffer.byteLength(html)).toBeLessThan(256 * 1024);
  });
});
