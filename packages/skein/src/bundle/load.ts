import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, Script } from 'node:vm';
import type * as contents from './contents.ts';

const FILE = fileURLToPath(new URL('../../bundle/skein.cjs', import.meta.url));

export interface LoadedBundle {
  readonly contents: typeof contents;
  /** What V8 makes of it, and the file in which that is looked for. */
  readonly script: Script;
  readonly compiled: string;
}

/**
 * Runs the bundle, with what V8 made of it when it was built: more than a third of the time that a command took to start went
 * into compiling. Another V8 refuses that, and compiles. It looks at no more of the source than its length, so the file is named
 * by all of it.
 */
export function loadBundle(): LoadedBundle {
  const source = readFileSync(FILE);
  const compiled = `${FILE}.${createHash('sha256').update(source).digest('hex').slice(0, 16)}.v8`;
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${source.toString()}\n})`, {
    filename: FILE,
    cachedData: existsSync(compiled) ? readFileSync(compiled) : undefined,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const module = { exports: {} };
  const run = script.runInThisContext() as (...scope: readonly unknown[]) => void;
  run(module.exports, createRequire(FILE), module, FILE, dirname(FILE));
  return { contents: module.exports as LoadedBundle['contents'], script, compiled };
}
