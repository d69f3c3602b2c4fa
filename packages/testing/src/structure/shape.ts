import type { Package, RepositoryFile, Violation } from './repository.ts';
import { README_LINES_MAX, TOP_LEVEL, TOP_LEVEL_ALSO } from './rules.ts';
import { tokenize, type Token } from './tokens.ts';

/** Packages explain themselves in a page. */
export function checkReadme(owner: Package, files: readonly RepositoryFile[]): readonly Violation[] {
  const path = `${owner.folder}/README.md`;
  const readme = files.find((file) => file.path === path);
  if (readme === undefined) return [{ path, line: 1, sentence: 'is missing; every package has one.' }];
  const lines = readme.text.trimEnd().split('\n').length;
  if (lines <= README_LINES_MAX) return [];
  const sentence = `has ${lines} lines; a package explains itself in ${README_LINES_MAX}.`;
  return [{ path, line: README_LINES_MAX + 1, sentence }];
}

/** A package's index is a list of names: what it exports, and from where. */
export function checkIndex(owner: Package, files: readonly RepositoryFile[]): readonly Violation[] {
  const path = `${owner.folder}/src/index.ts`;
  const index = files.find((file) => file.path === path);
  const { exports } = JSON.parse(owner.manifest.text) as { readonly exports?: unknown };
  if (index === undefined && exports === undefined) return [];
  if (index === undefined) return [{ path, line: 1, sentence: 'is missing; it lists what the package exports.' }];
  const tokens = tokenize(index.text);
  for (let at = 0; at < tokens.length;) {
    const end = exportClauseEnd(tokens, at);
    const sentence = faultOfStatement(tokens.slice(at, end ?? at + 3), end !== null);
    if (sentence !== null) return [{ path, line: tokens[at]!.line, sentence }];
    at = end!;
  }
  return [];
}

function faultOfStatement(tokens: readonly Token[], isClause: boolean): string | null {
  const words = tokens.map(({ text }) => text).join(' ');
  if (/^export default\b|\bas default\b/.test(words)) return 'exports a default; a package exports by name.';
  if (/^export (?:type )?\*/.test(words)) return 'exports *; a package names what it exports.';
  return isClause ? null : 'holds more than a list of named exports.';
}

/** Where `export { … } from '…';` that begins here is over; null when something else begins here. */
function exportClauseEnd(tokens: readonly Token[], start: number): number | null {
  let at = start;
  if (tokens[at]?.text !== 'export') return null;
  at += tokens[at + 1]?.text === 'type' ? 2 : 1;
  if (tokens[at]?.text !== '{') return null;
  while (at < tokens.length && tokens[at]!.text !== '}') at += 1;
  at += 1;
  if (tokens[at]?.text === 'from') at += 2;
  if (tokens[at]?.text === ';') at += 1;
  return at;
}

export function checkTopLevel(files: readonly RepositoryFile[]): readonly Violation[] {
  const found = new Set(files.map(({ path }) => path.split('/', 1)[0]!));
  const missing = TOP_LEVEL.filter((name) => !found.has(name));
  const strangers = [...found].filter(
    (name) => !name.startsWith('.') && !TOP_LEVEL.includes(name) && !TOP_LEVEL_ALSO.includes(name),
  );
  return [
    ...missing.map((path) => ({ path, line: 1, sentence: 'is missing from the top level.' })),
    ...strangers.map((path) => ({ path, line: 1, sentence: 'has no place at the top level, which is fixed.' })),
  ];
}
