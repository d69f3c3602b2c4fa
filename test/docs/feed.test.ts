import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@skein/testing';
import { startLeader, type RunningNode } from 'skein';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readText } from './pages.ts';

/* The programs of docs/FEED.md are run as they stand there, but for the address. */

let scratch: string;
let leader: RunningNode;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'skein-feed-'));
  leader = await startLeader({ data: join(scratch, 'data'), port: 0 });
});
afterAll(async () => {
  await leader.close();
  await rm(scratch, { recursive: true });
});

const hasPython = spawnSync('python3', ['--version']).status === 0;
const programs = [
  ...(hasPython ? [['python', 'python3', 'follow.py'] as const] : []),
  ['js', process.execPath, 'follow.mjs'] as const,
];

it.each(programs)(
  'the program in %s prints each change once, also over the end of its stream',
  async (language, command, file) => {
    const program = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(readText('docs/FEED.md'))![1]!;
    const path = join(scratch, file);
    await writeFile(path, program.replaceAll('http://127.0.0.1:7400', leader.url));
    const child = spawn(command, [path], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      let printed = '';
      child.stdout.on('data', (chunk) => (printed += String(chunk)));
      const has = (line: string) => until(`it prints ${line}`, () => printed.includes(line));
      await until('it reads', async () => (await metric('skein_feed_streams')) === 1);
      await leader.collection('orders').put('o-1', { total: 1 });
      await has('o-1\n');
      const { port } = new URL(leader.url);
      await leader.close();
      leader = await startLeader({ data: join(scratch, 'data'), port: Number(port) });
      for (const key of ['o-2', 'o-3']) await leader.collection('orders').put(key, key);
      await leader.collection('orders').delete('o-2');
      await has('delete orders o-2\n');
      const { offset } = leader.store.facts.head;
      expect(printed).toBe(
        [
          `${offset - 3} put orders o-1`,
          `${offset - 2} put orders o-2`,
          `${offset - 1} put orders o-3`,
          `${offset} delete orders o-2\n`,
        ].join('\n'),
      );
    } finally {
      child.kill('SIGKILL');
    }
  },
);

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${leader.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)![1]);
}
