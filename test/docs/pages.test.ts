import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { ERRORS } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { openApiDocument } from '../../packages/http/src/openapi/document.ts';
import { flattened, readText, root } from './pages.ts';

/** Everything that is served: openapi.test.ts holds it to that. */
const { paths } = openApiDocument('0');
const requests = Object.entries(paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
);

describe('the protocol', () => {
  const protocol = flattened('docs/PROTOCOL.md');
  it.each(Object.keys(ERRORS))('says when a request is answered with %s', (code) => {
    expect(protocol.includes(`\`${code}\``)).toBe(true);
  });

  it.each(requests.filter((request) => !request.startsWith('HEAD ')))('has %s', (request) => {
    expect(protocol.includes(`\`${request}\``)).toBe(true);
  });
});

describe('the runbook', () => {
  const runbook = flattened('docs/RUNBOOK.md');
  const sources = [
    'packages/replication/src/health.ts',
    'packages/replication/src/upstream.ts',
    'packages/http/src/operations/slo-sentences.ts',
    'packages/skein/src/listen.ts',
    'packages/skein/src/data-directory.ts',
    'packages/skein/src/start-follower.ts',
    'packages/skein/src/cli/options.ts',
    'packages/skein/src/verify/directory-source.ts',
    'packages/skein/src/verify/node-source.ts',
    'packages/skein/src/verify/verify-nodes.ts',
  ];

  it.each(sources.flatMap((source) => sentencesOf(readText(source)).map((sentence) => ({ sentence, source }))))(
    'explains: $sentence',
    ({ sentence }) => {
      expect(runbook.includes(sentence)).toBe(true);
    },
  );
});

/** The fixed part of each sentence that a source says of health, or ends a command with: the longest without a gap. */
function sentencesOf(source: string): readonly string[] {
  const texts = source.matchAll(
    /(?:unhealthy\(|return |\? |: |=== null\s+\? |new CommandError\(\s*'[a-z-]+',\s*)(?:'((?:[^'\\\n]|\\.)+)'|`([^`]+)`)/g,
  );
  const parts = [...texts].map(([, plain, template]) =>
    (plain ?? template!)
      .split(/\$\{[^}]*\}/)
      .toSorted((a, b) => b.length - a.length)[0]!
      .trim(),
  );
  return parts.filter((part) => part.split(' ').length > 2);
}

describe('the list of invariants', () => {
  const invariants = readText('docs/INVARIANTS.md');
  const numbers = [...invariants.matchAll(/^### INV-(\d\d) /gm)].map((match) => Number(match[1]));
  const held = [...invariants.matchAll(/\[`([\w.#]+)`\]\(([^)]+)\)/g)].map(([, name, path]) => ({ name, path }));
  const shown = [...invariants.matchAll(/\]\(([^)]+)\): “(.+)”$/gm)].map(([, path, title]) => ({ title, path }));

  it('is numbered from 1 on', () => {
    expect(numbers).toStrictEqual(numbers.map((_, index) => index + 1));
    expect(shown.length).toBeGreaterThan(numbers.length);
  });

  it.each(held)('names only functions and tests that exist: $name', ({ name, path }) => {
    expect(new RegExp(String.raw`(?<![\w])${name!.split('.').at(-1)}\b`).test(sourceAt(path!))).toBe(true);
  });

  it.each(shown)('names only functions and tests that exist: $title', ({ title, path }) => {
    expect(
      sourceAt(path!)
        .replaceAll(String.raw`\'`, "'")
        .includes(title!),
    ).toBe(true);
  });
});

/** A file as a page in docs/ links to it; nothing when it is not there. */
function sourceAt(link: string): string {
  const path = posix.join('docs', link);
  return existsSync(join(root, path)) ? readText(path) : '';
}
