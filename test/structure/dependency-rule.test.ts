import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkStructure } from '../../packages/testing/src/structure/check-structure.ts';
import { readRepository } from '../../packages/testing/src/structure/read-repository.ts';
import type { RepositoryFile, Violation } from '../../packages/testing/src/structure/repository.ts';

const real = readRepository(fileURLToPath(new URL('../..', import.meta.url)));
const inOrder = checkStructure(real);

/** What the checker says of the real tree with one file written, or replaced, that it does not say of the tree itself. */
function faultsWith(path: string, write: (text: string) => string): readonly Violation[] {
  const before = real.find((file) => file.path === path)?.text ?? '';
  return faultsOf([...real.filter((file) => file.path !== path), { path, text: write(before) }]);
}

function faultsOf(files: readonly RepositoryFile[]): readonly Violation[] {
  const known = new Set(inOrder.map((violation) => JSON.stringify(violation)));
  return checkStructure(files).filter((violation) => !known.has(JSON.stringify(violation)));
}

const sentences = (violations: readonly Violation[]): readonly string[] => violations.map(({ sentence }) => sentence);
const append = (line: string) => (text: string) => `${text}${line}\n`;
const lineCount = (path: string): number => real.find((file) => file.path === path)!.text.split('\n').length - 1;

test('the repository keeps to its structure', () => {
  expect(inOrder).toEqual([]);
});

test('a violation names its file and line', () => {
  const path = 'packages/protocol/src/position.ts';
  expect(faultsWith(path, append("import { Store } from '@skein/core';"))).toEqual([
    {
      path,
      line: lineCount(path) + 1,
      sentence: '@skein/protocol may not depend on @skein/core, none of our packages.',
    },
  ]);
});

describe('an import against the direction of the dependencies is found', () => {
  const below = '@skein/protocol, @skein/replication, @skein/core, @skein/http';
  test.each([
    ['protocol', '@skein/replication', 'none of our packages'],
    ['replication', '@skein/core', 'only @skein/protocol'],
    ['core', '@skein/replication', 'only @skein/protocol'],
    ['core', '@skein/http', 'only @skein/protocol'],
    ['http', '@skein/leader', 'only @skein/protocol, @skein/replication, @skein/core'],
    ['leader', '@skein/follower', `only ${below}`],
    ['leader', '@skein/mqtt', `only ${below}`],
    ['follower', '@skein/leader', `only ${below}`],
    ['follower', 'skein', `only ${below}`],
    ['skein', '@skein/testing', `only ${below}, @skein/leader, @skein/follower, @skein/mqtt`],
    ['skein', '@skein/bench', `only ${below}, @skein/leader, @skein/follower, @skein/mqtt`],
    ['core', '@skein/testing', 'only @skein/protocol'],
    ['http', '@skein/bench', 'only @skein/protocol, @skein/replication, @skein/core'],
  ])('%s imports %s', (folder, name, choice) => {
    const owner = folder === 'skein' ? 'skein' : `@skein/${folder}`;
    const expected = [`${owner} may not depend on ${name}, ${choice}.`];
    const source = faultsWith(`packages/${folder}/src/index.ts`, append(`export { planted } from '${name}';`));
    expect(sentences(source)).toEqual(expected);

    const manifest = faultsWith(`packages/${folder}/package.json`, (text) =>
      text.replace('"dependencies": {', `"dependencies": {\n    "${name}": "0.1.0",`),
    );
    expect(sentences(manifest)).toEqual(expected);
  });

  test('a package the rule does not know is refused', () => {
    const faults = faultsWith('packages/planted/package.json', () => '{\n  "name": "@skein/planted"\n}\n');
    expect(faults).toContainEqual({
      path: 'packages/planted/package.json',
      line: 2,
      sentence: '@skein/planted has no place in the dependency rule.',
    });
  });
});

describe('every way to import is seen', () => {
  const expected = ['@skein/core may not depend on @skein/http, only @skein/protocol.'];
  test.each([
    "import '@skein/http';",
    "import planted from '@skein/http';",
    "import * as planted from '@skein/http';",
    "import {\n  one, // '\n  type Two,\n} from '@skein/http';",
    'import type { Planted } from "@skein/http";',
    "export * from '@skein/http';",
    "export * as planted from '@skein/http';",
    "export { planted } from '@skein/http';",
    "export type { Planted } from '@skein/http';",
    "const planted = await import('@skein/http');",
    'const planted = await import(`@skein/http`);',
    "const planted = `a ${`b ${await import('@skein/http')}`} c`;",
    "type Planted = import('@skein/http').Planted;",
    "const planted = require('@skein/http');",
    "const half = 4 / 2; import planted from '@skein/http'; const third = 9 / 3;",
    "const quote = /['\"`/*]/; import planted from '@skein/http';",
  ])('%s', (line) => {
    expect(sentences(faultsWith('packages/core/src/planted.ts', () => line))).toEqual(expected);
  });
});

describe('what only looks like an import is not one', () => {
  test.each([
    "// import '@skein/http';",
    "/*\n * import { planted } from '@skein/http';\n */",
    '/** `import planted from "@skein/http"` */',
    'const text = "import \'@skein/http\'";',
    "const text = 'it\\'s import(\"@skein/http\")';",
    'const text = `import "@skein/http"; ${1 + 1} import "@skein/http"`;',
    "const from = '@skein/http';",
    "host.import('@skein/http');",
    'const pattern = /import "@skein\\/http"/;',
  ])('%s', (line) => {
    expect(faultsWith('packages/core/src/planted.ts', () => line)).toEqual([]);
  });
});

describe('packages without I/O have none', () => {
  test.each(['node:fs', 'fs', 'node:crypto', 'node:timers/promises'])('protocol imports %s', (name) => {
    const faults = faultsWith('packages/protocol/src/position.ts', append(`import * as planted from '${name}';`));
    expect(sentences(faults)).toEqual([`imports '${name}'; @skein/protocol has none of Node's modules.`]);
  });

  test('replication imports node:fs', () => {
    const faults = faultsWith('packages/replication/src/backoff.ts', append("import 'node:fs';"));
    expect(sentences(faults)).toEqual(["imports 'node:fs'; @skein/replication has none of Node's modules."]);
  });

  test('replication imports a library', () => {
    const faults = faultsWith('packages/replication/src/backoff.ts', append("import { z } from 'zod';"));
    expect(sentences(faults)).toEqual(["imports 'zod'; @skein/replication has no library under it."]);
  });

  test('their tests may use what they need', () => {
    const text = "import 'node:fs'; import 'vitest'; setTimeout(() => new Date(), Math.random());";
    expect(faultsWith('packages/protocol/src/planted.test.ts', () => text)).toEqual([]);
    expect(faultsWith('packages/replication/src/planted.test.ts', () => text)).toEqual([]);
    expect(faultsWith('packages/replication/test/planted.ts', () => text)).toEqual([]);
  });
});

describe('replication is pure', () => {
  test.each([
    ['const now = Date.now();', 'uses Date; time is an argument.'],
    ['const now = globalThis.x;', 'uses globalThis; what a decision needs is an argument.'],
    ['let at: Date;', 'uses Date; time is an argument.'],
    ['const now = performance.now();', 'uses performance; time is an argument.'],
    ['setTimeout(step, 1);', 'uses setTimeout; timers are effects for the shell.'],
    ['setInterval(step, 1);', 'uses setInterval; timers are effects for the shell.'],
    ['setImmediate(step);', 'uses setImmediate; timers are effects for the shell.'],
    ['queueMicrotask(step);', 'uses queueMicrotask; timers are effects for the shell.'],
    ['const at = Math.random();', 'uses Math.random; randomness is an argument.'],
    ['const { random } = Math; const id = crypto.randomUUID();', 'uses crypto; randomness is an argument.'],
    ['const plan = async () => 1;', 'uses async; decisions are synchronous.'],
    ['await plan();', 'uses await; decisions are synchronous.'],
    ['const later: Promise<number> = plan();', 'uses Promise; decisions are synchronous.'],
    ['const delay = `${Math.random()} ms`;', 'uses Math.random; randomness is an argument.'],
    ['const delay = isNow ? Date : null;', 'uses Date; time is an argument.'],
  ])('%s', (line, sentence) => {
    const path = 'packages/replication/src/backoff.ts';
    expect(faultsWith(path, append(line))).toEqual([{ path, line: lineCount(path) + 1, sentence }]);
  });

  test.each([
    '// Date, setTimeout and Math.random are arguments; await nothing.',
    "const sentence = 'async: await Promise, Date';",
    'const sentence = `setTimeout ${1} crypto`;',
    'const pattern = /Date|Promise/;',
    'const sum = page.performance + page.Date / page.crypto;',
    'const page = { async: 1, await: 2, crypto: 3 };',
    'interface Page { readonly performance: number; Date?: string }',
    'const most = Math.max(1, 2);',
  ])('%s is fine', (line) => {
    expect(faultsWith('packages/replication/src/backoff.ts', append(line))).toEqual([]);
  });
});

describe('a package is one thing, with one door', () => {
  const own = 'imports its own index; inside, modules import each other.';
  test.each([
    ["import { Store } from './index.ts';", own],
    ["import { Store } from '../src/index.js';", own],
    ["import { Store } from '.';", own],
    ["import { Store } from '@skein/core';", 'imports its own package by name; inside, modules import each other.'],
    [
      "import { ERRORS } from '@skein/protocol/dist/errors.js';",
      "imports '@skein/protocol/dist/errors.js'; a package is imported by its name alone.",
    ],
    [
      "import { ERRORS } from '../../protocol/src/errors.ts';",
      "imports '../../protocol/src/errors.ts', which is outside its package.",
    ],
  ])('%s', (line, sentence) => {
    expect(sentences(faultsWith('packages/core/src/store.ts', append(line)))).toEqual([sentence]);
    expect(sentences(faultsWith('packages/core/src/planted.test.ts', () => line))).toEqual([sentence]);
  });

  test('nor do suites and examples reach into one', () => {
    const line = "import { Store } from '@skein/core/dist/store.js';";
    const expected = ["imports '@skein/core/dist/store.js'; a package is imported by its name alone."];
    expect(sentences(faultsWith('test/planted/planted.test.ts', () => line))).toEqual(expected);
    expect(sentences(faultsWith('examples/planted/planted.js', () => line))).toEqual(expected);
  });

  test('a test may use what is for tests, in the direction of the dependencies', () => {
    const path = 'packages/core/src/planted.test.ts';
    expect(faultsWith(path, () => "import '@skein/testing';")).toEqual([]);
    expect(sentences(faultsWith(path, () => "import '@skein/http';"))).toEqual([
      '@skein/core may not depend on @skein/http, only @skein/protocol.',
    ]);
  });
});

describe('an index is a list of names', () => {
  test.each([
    ["export * from './store.ts';", 'exports *; a package names what it exports.'],
    ["export type * from './store.ts';", 'exports *; a package names what it exports.'],
    ["export * as store from './store.ts';", 'exports *; a package names what it exports.'],
    ['export default 1;', 'exports a default; a package exports by name.'],
    ["export { Store as default } from './store.ts';", 'exports a default; a package exports by name.'],
    ['export const planted = 1;', 'holds more than a list of named exports.'],
    ["import './store.ts';", 'holds more than a list of named exports.'],
  ])('%s', (line, sentence) => {
    const path = 'packages/core/src/index.ts';
    expect(faultsWith(path, append(line))).toEqual([{ path, line: lineCount(path) + 1, sentence }]);
  });

  test('it is there', () => {
    const path = 'packages/core/src/index.ts';
    expect(sentences(faultsOf(real.filter((file) => file.path !== path)))).toEqual([
      'is missing; it lists what the package exports.',
    ]);
  });
});

describe('a README is a page', () => {
  const path = 'packages/core/README.md';

  test('of at most 40 lines', () => {
    expect(faultsWith(path, () => 'line\n'.repeat(40))).toEqual([]);
    expect(faultsWith(path, () => 'line\n'.repeat(41))).toEqual([
      { path, line: 41, sentence: 'has 41 lines; a package explains itself in 40.' },
    ]);
  });

  test('and is there', () => {
    expect(checkStructure(real.filter((file) => file.path !== path))).toContainEqual({
      path,
      line: 1,
      sentence: 'is missing; every package has one.',
    });
  });
});

describe('the world outside stays behind the adapters', () => {
  test.each([
    [
      'core',
      "import { readFile } from 'node:fs/promises';",
      "imports 'node:fs/promises'; the world outside comes in through the adapters.",
    ],
    [
      'http',
      "import { createServer } from 'node:net';",
      "imports 'node:net'; the world outside comes in through the adapters.",
    ],
    [
      'follower',
      "import { request } from 'undici';",
      "imports 'undici'; the world outside comes in through the adapters.",
    ],
    ['leader', 'const now = Date.now();', 'uses Date; time comes from a Clock.'],
    ['core', 'const now = performance.now();', 'uses performance; time comes from a Clock.'],
    ['http', 'setTimeout(() => undefined, 1);', 'uses setTimeout; a Clock sleeps.'],
    ['follower', 'const delay = Math.random();', 'uses Math.random; randomness is an argument.'],
  ])('%s may not: %s', (folder, line, sentence) => {
    const path = `packages/${folder}/src/planted.ts`;
    expect(sentences(faultsWith(path, append(line)))).toEqual([sentence]);
  });

  test('types of it are no harm, nor are the adapters themselves, nor tests', () => {
    expect(faultsWith('packages/http/src/planted.ts', append("import type { Socket } from 'node:net';"))).toEqual([]);
    expect(faultsWith('packages/core/src/clock.ts', append('const now = Date.now();'))).toEqual([]);
    expect(faultsWith('packages/core/src/planted.test.ts', () => 'const now = Date.now();')).toEqual([]);
  });
});

describe('the top level is fixed', () => {
  test('nothing is added', () => {
    expect(faultsWith('scripts/release.sh', () => '')).toEqual([
      { path: 'scripts', line: 1, sentence: 'has no place at the top level, which is fixed.' },
    ]);
    expect(faultsWith('.editorconfig', () => '')).toEqual([]);
  });

  test('and nothing is missing', () => {
    expect(checkStructure(real.filter((file) => file.path !== 'turbo.json'))).toContainEqual({
      path: 'turbo.json',
      line: 1,
      sentence: 'is missing from the top level.',
    });
  });
});
