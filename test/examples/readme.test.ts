import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, execaSync } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFollower } from '../../packages/skein/src/start-follower.ts';
import { freePort } from '@skein/testing';
import { startLeader, startMesh, type RunningNode } from 'skein';

/*
 * The README is a transcript: its curl lines are typed here, in order, into one shell beside a leader, a follower and two nodes
 * of a mesh that have just started, and what they print has to be what the README shows.
 */
interface Step {
  readonly command: string;
  /** Lines, with … for anything. */
  readonly shown: string;
}

const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
const steps = stepsOf(readme);
const hasCurl = !execaSync('curl', ['--version'], { reject: false }).failed;

function stepsOf(markdown: string): readonly Step[] {
  const found: Step[] = [];
  for (const [, block] of markdown.matchAll(/^```console\n(.*?)^```$/gms)) {
    for (const part of block!.split(/^\$ /m).slice(1)) {
      const [first, ...rest] = part.trimEnd().split('\n');
      const more = rest.filter((line) => line.startsWith('> '));
      const command = [first!, ...more.map((line) => line.slice(2))].join('\n');
      if (!command.startsWith('npx ')) found.push({ command, shown: rest.slice(more.length).join('\n') });
    }
  }
  return found;
}

/** What changes from one run to the next, by how it looks. */
function normalized(text: string): string {
  return text
    .replaceAll(/"lag_seconds":[\d.]+…?/g, '"lag_seconds":0')
    .replaceAll(/\b\d+-[0-9a-z]{8}\b/g, 'EPOCH')
    .replaceAll(/\.[0-9a-f]{16}\b/g, '.HASH')
    .replaceAll(/"[0-9a-f]{24}"/g, '"LOG"')
    .replaceAll(/"ts":\d{13}/g, '"ts":0')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .trimEnd();
}

function pattern(shown: string): RegExp {
  const parts = normalized(shown).split('…');
  return new RegExp(`^${parts.map((part) => escaped(part)).join('.*')}$`);
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

const MARK = '\u0001';
/** Between two commands the others catch up, as they do while a person types. */
const CATCH_UP = [
  `until [ "$(position $L)" = "$(position $F)" ]; do sleep 0.05; done`,
  `until [ -z "$A" ] || [ "$(stock $A)" = "$(stock $B)" ]; do sleep 0.05; done`,
].join('\n');
const STOCK = String.raw`stock() { curl -s $1/v1/collections/stock | sed 's/"version":"[^"]*"//g'; }`;
const POSITION = String.raw`position() { curl -s $1/v1/status | sed 's/.*"position":"\([^"]*\)".*/\1/'; }`;

describe.skipIf(!hasCurl)('the README', () => {
  let scratch: string;
  const nodes: RunningNode[] = [];
  let printed: readonly string[];

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'skein-readme-'));
    const leader = await startLeader({ data: join(scratch, 'leader'), port: 0, nodeId: 'leader-1' });
    nodes.push(leader);
    const config = { leader: leader.url, data: join(scratch, 'follower'), port: 0, nodeId: 'follower-1' };
    const follower = await startFollower(config);
    nodes.push(follower);
    const [berlin, oslo] = [await freePort(), await freePort()];
    const inMesh = async (nodeId: string, port: number, peer: number): Promise<RunningNode> =>
      startMesh({ data: join(scratch, nodeId), port, nodeId, peers: [`http://127.0.0.1:${peer}`], backoffBaseMs: 50 });
    nodes.push(await inMesh('berlin', berlin, oslo), await inMesh('oslo', oslo, berlin));
    const script = [POSITION, STOCK, ...steps.map(({ command }) => `${command}\n${CATCH_UP}\nprintf '${MARK}'`)].join(
      '\n',
    );
    const { stdout } = await execa('bash', ['-c', withAddresses(script, nodes)]);
    printed = stdout.split(MARK);
  });

  afterAll(async () => {
    for (const node of nodes.toReversed()) await node.close();
    await rm(scratch, { recursive: true });
  });

  test.each(steps.map((step, index) => ({ ...step, index })))('$command', ({ shown, index }) => {
    expect(normalized(printed[index]!)).toMatch(pattern(shown));
  });

  test('has more than a few of them', () => {
    expect(steps.length).toBeGreaterThan(30);
  });
});

/** In the order in which they were started. */
function withAddresses(script: string, nodes: readonly RunningNode[]): string {
  const ports = [7400, 7401, 7410, 7411];
  return ports.reduce((text, port, i) => text.replaceAll(`http://127.0.0.1:${port}`, nodes[i]!.url), script);
}
