import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Mutant } from './mutant.ts';

/** What of the repository a planted bug and its hunters need. */
const COPIED = ['packages', 'test', '.config', 'package.json', 'tsconfig.json'];

/** A copy of the built repository, in which bugs are planted one at a time. */
export class MutantTree {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async of(repository: string): Promise<MutantTree> {
    const root = await mkdtemp(join(tmpdir(), 'skein-mutants-'));
    const isWanted = (path: string): boolean =>
      !/\/(?:node_modules|\.turbo)(?:\/|$)/.test(path.slice(repository.length));
    for (const name of COPIED)
      await cp(join(repository, name), join(root, name), { recursive: true, filter: isWanted });
    await linkModules(repository, root);
    return new MutantTree(root);
  }

  /** Plants a bug; the answer takes it out again. */
  async plant({ name, edits }: Mutant): Promise<() => Promise<void>> {
    const before = new Map<string, string>();
    for (const { file, find, replace } of edits) {
      const path = join(this.root, 'packages', file);
      const text = await readFile(path, 'utf8');
      if (text.split(find).length !== 2) throw new Error(`'${name}' has no one place in ${file}: ${find}`);
      if (!before.has(path)) before.set(path, text);
      await writeFile(
        path,
        text.replace(find, () => replace),
      );
    }
    return async () => {
      for (const [path, text] of before) await writeFile(path, text);
    };
  }

  /** Puts the command together anew: a node that a test starts is not run from the built code itself. */
  async bundle(): Promise<void> {
    await execa('npx', ['rolldown', '--config', 'rolldown.config.js'], { cwd: join(this.root, 'packages/skein') });
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}

/** Other people's packages are those of the repository; ours are those of the copy. */
async function linkModules(repository: string, root: string): Promise<void> {
  const from = join(repository, 'node_modules');
  const to = join(root, 'node_modules');
  await mkdir(join(to, '@skein'), { recursive: true });
  for (const name of await readdir(from))
    if (name !== '@skein' && name !== 'skein') await symlink(join(from, name), join(to, name));
  for (const name of await readdir(join(root, 'packages')))
    await symlink(join(root, 'packages', name), name === 'skein' ? join(to, 'skein') : join(to, '@skein', name));
}
