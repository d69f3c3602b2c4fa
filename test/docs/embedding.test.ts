import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { readText, root } from './pages.ts';

/* The program of docs/EMBEDDING.md is run as it stands there. */

it('the program of the page prints what happens', async () => {
  const program = /^```js\n(.*?)^```$/ms.exec(readText('docs/EMBEDDING.md'))![1]!;
  const scratch = await mkdtemp(join(tmpdir(), 'skein-embedding-'));
  try {
    await symlink(join(root, 'node_modules'), join(scratch, 'node_modules'));
    await writeFile(join(scratch, 'program.mjs'), program);
    const { stdout } = await execa('node', ['program.mjs'], { cwd: scratch });
    const lines = stdout.split('\n');
    expect(lines.filter((line) => line.startsWith('watched'))).toStrictEqual([
      'watched put o-1',
      'watched put o-2',
      'watched put o-2',
      'watched put o-1',
    ]);
    expect(lines.filter((line) => !line.startsWith('watched'))).toStrictEqual([
      'read 42 false',
      'found o-1 42',
      'refused invalid_document',
    ]);
  } finally {
    await rm(scratch, { recursive: true });
  }
});
