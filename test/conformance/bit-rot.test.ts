import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { writeDatabase, type FlipResult } from '@skein/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** More of them search longer; each takes some 30 ms. */
const FLIPS = Number(process.env['SKEIN_FLIPS'] ?? 60);
const TIMEOUT_MS = 60_000 + 500 * FLIPS;

type Verdict = FlipResult['verdict'] | 'crashed';

/** Flipped bits can make LevelDB abort its process (it asserts what it reads), so this is done in one of its own. */
const FLIPPING = `
  import { rotDatabase } from '@skein/testing';
  const [directory, from, to] = process.argv.slice(1);
  const onResult = (result) => console.log(JSON.stringify(result));
  await rotDatabase(directory, { from: Number(from), to: Number(to), onResult });
`;

describe('one flipped bit in the files of a closed database (D9: 0 silent)', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'skein-bit-rot-'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it(
    'is found, or harms nothing, when the store was closed',
    async () => {
      const directory = join(root, 'closed');
      await writeDatabase(directory, { isKilled: false });
      const verdicts = await flipMany(directory);
      expect(verdicts.filter(({ verdict }) => verdict === 'silent' || verdict === 'shorter')).toStrictEqual([]);
      expect(count(verdicts, 'refused')).toBeGreaterThan(FLIPS / 2);
      expect(count(verdicts, 'crashed')).toBeLessThan(FLIPS / 10);
    },
    TIMEOUT_MS,
  );

  it(
    'costs at most the newest changes, never others, when the process was killed',
    async () => {
      const directory = join(root, 'killed');
      await writeDatabase(directory, { isKilled: true });
      const verdicts = await flipMany(directory);
      expect(verdicts.filter(({ verdict }) => verdict === 'silent')).toStrictEqual([]);
      expect(count(verdicts, 'refused')).toBeGreaterThan(FLIPS / 3);
    },
    TIMEOUT_MS,
  );
});

async function flipMany(directory: string): Promise<readonly { readonly verdict: Verdict; readonly place: string }[]> {
  const verdicts: { verdict: Verdict; place: string }[] = [];
  while (verdicts.length < FLIPS) {
    const isCrashed = await flipFrom(directory, verdicts.length, (result) => verdicts.push(result));
    if (isCrashed) verdicts.push({ verdict: 'crashed', place: '' });
  }
  return verdicts;
}

/** Flips in a process; whether that process was aborted. Any other failure of it is a failure here. */
async function flipFrom(directory: string, from: number, onResult: (result: FlipResult) => void): Promise<boolean> {
  const arguments_ = ['--input-type=module', '-e', FLIPPING, directory, String(from), String(FLIPS)];
  const child = spawn(process.execPath, arguments_, { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  for await (const line of createInterface({ input: child.stdout })) onResult(JSON.parse(line) as FlipResult);
  const end = await ended;
  if (end !== 0 && !/Assertion .* failed/.test(errors))
    throw new Error(`the flipping process ended with ${end}: ${errors}`);
  return end !== 0;
}

function count(verdicts: readonly { readonly verdict: Verdict }[], wanted: Verdict): number {
  return verdicts.filter(({ verdict }) => verdict === wanted).length;
}
