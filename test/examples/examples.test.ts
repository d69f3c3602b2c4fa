import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startLeader, type RunningNode } from 'skein';
import { hasBrowser, launch } from '../browser/browser.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

let scratch: string;
const processes: { kill(signal: 'SIGKILL'): unknown }[] = [];
const leaders: RunningNode[] = [];

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'skein-examples-'));
});

afterEach(async () => {
  for (const each of processes.splice(0)) each.kill('SIGKILL');
  for (const leader of leaders.splice(0)) await leader.close();
  await rm(scratch, { recursive: true });
});

/** What a README says its example prints: the indented block behind the word. */
async function promisedOutput(example: string): Promise<string> {
  const readme = await readFile(join(root, 'examples', example, 'README.md'), 'utf8');
  const block = /^prints\n\n((?: {4}.*\n)+)/m.exec(readme)![1]!;
  return block.replaceAll(/^ {4}/gm, '').trimEnd();
}

test.each(['quick-start', 'embedded-follower'])('%s prints what its README says', async (example) => {
  const { stdout, stderr } = await execa('node', ['index.js'], {
    cwd: join(root, 'examples', example),
    env: { TMPDIR: scratch },
    timeout: 30_000,
  });
  expect(stderr).toBe('');
  expect(stdout).toBe(await promisedOutput(example));
});

async function startLeaderOn(port: number): Promise<RunningNode> {
  const leader = await startLeader({ data: join(scratch, 'leader'), port, nodeId: 'leader-1' });
  leaders.push(leader);
  return leader;
}

async function stopLeader(leader: RunningNode): Promise<void> {
  leaders.splice(leaders.indexOf(leader), 1);
  await leader.close();
}

const runConsumer = (leaderUrl: string) =>
  execa('node', ['index.js'], {
    cwd: join(root, 'examples/feed-consumer'),
    env: { LEADER: leaderUrl, PLACE: join(scratch, 'place') },
    reject: false,
  });

/** A running feed-consumer, and the lines it has printed so far. */
function startConsumer(leaderUrl: string): {
  readonly process: ReturnType<typeof runConsumer>;
  readonly lines: readonly string[];
} {
  const lines: string[] = [];
  const process = runConsumer(leaderUrl);
  process.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(...text.trimEnd().split('\n')));
  processes.push(process);
  return { process, lines };
}

/** The consumer has taken in everything up to an offset, and says so in its file. */
async function keptUpTo(offset: number): Promise<void> {
  for (;;) {
    const place = await readFile(join(scratch, 'place'), 'utf8').catch(() => '');
    if (place.startsWith(`${offset}.`)) return;
    await sleep(20);
  }
}

test('feed-consumer follows through a restart of the leader, and goes on after one of its own', async () => {
  const leader = await startLeaderOn(0);
  const first = startConsumer(leader.url);
  await leader.collection('orders').put('o-1', { total: 42 });
  await leader.collection('orders').delete('o-1');
  await keptUpTo(2);

  await stopLeader(leader);
  const again = await startLeaderOn(Number(new URL(leader.url).port));
  await again.collection('orders').put('o-2', 'after the restart');
  await keptUpTo(3);
  first.process.kill('SIGKILL');
  await first.process;
  expect(first.lines).toEqual([
    'from the beginning',
    '1 put orders/o-1 {"total":42}',
    '2 delete orders/o-1',
    '3 put orders/o-2 "after the restart"',
  ]);

  await again.collection('orders').put('o-3', 'while it was away');
  const second = startConsumer(leader.url);
  await keptUpTo(4);
  const place = /^from behind 3\.1-[0-9a-z]{8}\.[0-9a-f]{16}$/;
  expect(second.lines).toEqual([expect.stringMatching(place), '4 put orders/o-3 "while it was away"']);
});

test('feed-consumer stops at a leader that does not know its position', async () => {
  const leader = await startLeaderOn(0);
  await leader.collection('orders').put('o-1', 1);
  const first = startConsumer(leader.url);
  await keptUpTo(1);
  first.process.kill('SIGKILL');
  await first.process;
  await stopLeader(leader);

  await rm(join(scratch, 'leader'), { recursive: true });
  const { exitCode, stderr } = await startConsumer((await startLeaderOn(0)).url).process;
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^other_log: this is log [0-9a-f]{24}$/);
});

test.skipIf(!hasBrowser)('browser-client shows in one window what is done in another', async () => {
  const env = { PORT: '0', DATA: join(scratch, 'todos') };
  const example = execa('node', ['index.js'], { cwd: join(root, 'examples/browser-client'), env, reject: false });
  processes.push(example);
  const listening = new Promise<string>((resolve) => {
    example.stdout.once('data', (text: Buffer) => resolve(/http:\S+/.exec(text.toString())![0]));
  });
  const browser = await launch();
  try {
    const address = await listening;
    const [one, other] = [await browser.newPage(), await browser.newPage()];
    for (const page of [one, other]) await page.goto(address);
    for (const text of ['buy milk', 'fly south']) {
      await one.fill('input[name=text]', text);
      await one.press('input[name=text]', 'Enter');
    }
    await other.waitForSelector('li:nth-child(2)');
    await other.check('li:nth-child(2) input');
    await one.waitForSelector('li:nth-child(2).done');
    await other.click('li:nth-child(1) button');
    await one.waitForFunction('document.querySelectorAll("li").length === 1');
    expect(await one.textContent('li span')).toBe('fly south');
  } finally {
    await browser.close();
    example.kill('SIGINT');
  }
  expect((await example).stdout).toMatch(/stopped$/);
});
