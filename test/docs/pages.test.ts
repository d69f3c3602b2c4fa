import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { ERRORS } from '@skein/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLeader, type RunningNode } from 'skein';
import { flattened, readText, root } from './pages.ts';

/** Where routes are named: the writes once more, because a follower forwards each of them. */
const ROUTE_SOURCES = [
  'packages/http/src/documents/reads.ts',
  'packages/http/src/documents/transactions.ts',
  'packages/http/src/documents/bulk.ts',
  'packages/http/src/digest/route.ts',
  'packages/http/src/feed/changes.ts',
  'packages/http/src/snapshot/snapshot.ts',
  'packages/http/src/operations/health.ts',
  'packages/http/src/operations/metrics.ts',
  'packages/http/src/operations/status.ts',
  'packages/follower/src/forward-writes.ts',
];
const paths = [...new Set(ROUTE_SOURCES.flatMap((path) => pathsOf(readText(path))))];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

function pathsOf(source: string): readonly string[] {
  return [...source.matchAll(/'(\/(?:v1\/[a-z/:]+|livez|readyz|healthz|metrics))'/g)].map((match) => match[1]!);
}

describe('the protocol', () => {
  const protocol = flattened('docs/PROTOCOL.md');
  let scratch: string;
  let leader: RunningNode;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'skein-pages-'));
    leader = await startLeader({ data: scratch, port: 0 });
  });
  afterAll(async () => {
    await leader.close();
    await rm(scratch, { recursive: true });
  });

  it.each(Object.keys(ERRORS))('says when a request is answered with %s', (code) => {
    expect(protocol.includes(`\`${code}\``)).toBe(true);
  });

  it.each(paths)('has every method of %s', async (path) => {
    const served = await methodsServedAt(leader.url, path);
    const named = path.replaceAll(/:(\w+)/g, '{$1}');
    expect(served).not.toStrictEqual([]);
    expect(served.filter((method) => !protocol.includes(`\`${method} ${named}\``))).toStrictEqual([]);
  });

  it('has more than a few paths', () => {
    expect(paths.length).toBeGreaterThan(12);
  });
});

/** What a path serves, as the refusal of a method it does not serve says. */
async function methodsServedAt(url: string, path: string): Promise<readonly string[]> {
  for (const method of METHODS) {
    const answer = await fetch(`${url}${path.replaceAll(/:\w+/g, 'x')}`, { method });
    await answer.arrayBuffer();
    const allow = answer.headers.get('allow');
    if (answer.status === 405 && allow !== null) return allow.split(', ').filter((served) => served !== 'HEAD');
  }
  return [];
}

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
