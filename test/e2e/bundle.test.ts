import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const SKEIN = fileURLToPath(new URL('../../packages/skein/', import.meta.url));

/** The parts of the package that start a command, where they find what they need. */
let copy: string;

beforeEach(async () => {
  copy = await mkdtemp(join(dirname(SKEIN), '.bundle-'));
  for (const part of ['bundle', 'dist/bundle', 'package.json'])
    await cp(join(SKEIN, part), join(copy, part), { recursive: true });
  await writeFile(join(copy, 'load.mjs'), LOAD);
});
afterEach(() => rm(copy, { recursive: true }));

const LOAD = `
  import { loadBundle } from './dist/bundle/load.js';
  const { contents, script } = loadBundle();
  process.send({ contents: Object.keys(contents).toSorted(), isRefused: script.cachedDataRejected ?? null });
`;
const CONTENTS = ['runCommand', 'startQuickly'];

async function loaded(): Promise<unknown> {
  const [message] = await once(fork(join(copy, 'load.mjs'), { execArgv: [] }), 'message');
  return message;
}

async function compiled(): Promise<string> {
  const names = await readdir(join(copy, 'bundle'));
  return join(
    copy,
    'bundle',
    names.find((name) => name.endsWith('.v8'))!,
  );
}

describe('the bundle', () => {
  it('is run as it was compiled when it was built', async () => {
    expect(await loaded()).toStrictEqual({ contents: CONTENTS, isRefused: false });
  });

  it('is compiled anew where that is of another V8, or is not there', async () => {
    await writeFile(await compiled(), 'of another one');
    expect(await loaded()).toStrictEqual({ contents: CONTENTS, isRefused: true });
    await rm(await compiled());
    expect(await loaded()).toStrictEqual({ contents: CONTENTS, isRefused: null });
  });

  it('that is another one is not run as what was compiled before', async () => {
    const file = join(copy, 'bundle/skein.cjs');
    const source = await readFile(file, 'utf8');
    // V8 would take it for the same: it is as long.
    await writeFile(file, source.replace('A document database', 'Z document database'));
    expect(await readFile(file, 'utf8')).not.toBe(source);
    expect(await loaded()).toStrictEqual({ contents: CONTENTS, isRefused: null });
  });
});
