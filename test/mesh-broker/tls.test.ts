/* What goes to a broker over TLS: mosquitto, with certificates made for this, which both sides have to show. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findMosquitto, Mosquitto, until } from '@skein/testing';
import { execa } from 'execa';
import { startMesh, type MeshConfig, type RunningNode } from 'skein';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const mosquitto = await findMosquitto();
const hasOpenssl = (await execa('openssl', ['version'], { reject: false })).exitCode === 0;
const isPossible = mosquitto !== undefined && hasOpenssl;
if (!isPossible) console.warn('skipped: TLS to a broker needs mosquitto and openssl, which are not both installed');

const closing: (() => Promise<unknown>)[] = [];
let directory: string;
let broker: Mosquitto;
let url: string;

const file = (name: string): string => join(directory, name);

async function openssl(...args: readonly string[]): Promise<void> {
  await execa('openssl', args, { cwd: directory });
}

/** A key, and what asks for a certificate or is one. */
async function makeKey(name: string, out: string, ...more: readonly string[]): Promise<void> {
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`];
  await openssl('req', ...more, ...key, '-out', out, '-subj', `/CN=${name}`);
}

const makeAuthority = (name: string): Promise<void> => makeKey(name, `${name}.crt`, '-x509', '-days', '2');

async function makeCertificate(name: string, authority: string): Promise<void> {
  await writeFile(file(`${name}.ext`), 'subjectAltName=IP:127.0.0.1');
  await makeKey(name, `${name}.csr`);
  const signed = ['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`, '-CAcreateserial', '-days', '2'];
  await openssl('x509', '-req', '-in', `${name}.csr`, ...signed, '-extfile', `${name}.ext`, '-out', `${name}.crt`);
}

beforeAll(async () => {
  if (!isPossible) return;
  directory = await mkdtemp(join(tmpdir(), 'skein-tls-'));
  await makeAuthority('ca');
  await makeAuthority('stranger');
  await makeCertificate('broker', 'ca');
  await makeCertificate('node', 'ca');
  broker = await Mosquitto.start(mosquitto, directory, [
    'allow_anonymous true',
    `cafile ${file('ca.crt')}`,
    `certfile ${file('broker.crt')}`,
    `keyfile ${file('broker.key')}`,
    'require_certificate true',
  ]);
  url = broker.url.replace('mqtt:', 'mqtts:');
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
afterAll(async () => {
  if (!isPossible) return;
  await broker.kill();
  await rm(directory, { recursive: true });
});

async function start(nodeId: string, mqtt: Partial<MeshConfig['mqtt']>): Promise<RunningNode> {
  const data = await mkdtemp(join(tmpdir(), 'skein-tls-node-'));
  closing.push(() => rm(data, { recursive: true }));
  const node = await startMesh({ data, port: 0, nodeId, backoffBaseMs: 20, backoffMaxMs: 100, mqtt: { url, ...mqtt } });
  closing.push(() => node.close());
  return node;
}

async function brokerSeenBy(
  node: RunningNode,
): Promise<{ readonly connected: boolean; readonly last_error: string | null }> {
  const status = (await (await fetch(`${node.url}/v1/status`)).json()) as { readonly broker: never };
  return status.broker;
}

describe.runIf(isPossible)('nodes at a broker that asks for certificates', () => {
  it('tell each other what they write, when they have them', async () => {
    const [ca, cert, key] = await Promise.all(['ca.crt', 'node.crt', 'node.key'].map((name) => readFile(file(name))));
    const [a, b] = await Promise.all(['a', 'b'].map((name) => start(name, { ca, cert, key })));
    for (const node of [a, b]) await until('connected', async () => (await brokerSeenBy(node!)).connected);
    await a!.collection('c').put('k', 'over TLS');
    await until('it is there', async () => (await b!.store.documents.get('c', 'k'))?.value === 'over TLS');
  });

  it.each([
    [
      'one that does not know who has signed that of the broker',
      ['stranger.crt', 'node.crt', 'node.key'],
      /self.signed|unable to/i,
    ],
    ['one that has none to show', ['ca.crt'], /certificate|closed|alert/i],
  ])('do not take %s', async (_which, names, reason) => {
    const [ca, cert, key] = await Promise.all(names.map((name) => readFile(file(name))));
    const node = await start('a', { ca, cert, key });
    await until('it is said', async () => (await brokerSeenBy(node)).last_error !== null);
    expect(await brokerSeenBy(node)).toMatchObject({ connected: false, last_error: expect.stringMatching(reason) });
    // It takes writes all the same, and keeps them to be told.
    await node.collection('c').put('k', 1);
    expect(node.outboxStatus!.current).toMatchObject({ online: false, pending: 1 });
  });
});
