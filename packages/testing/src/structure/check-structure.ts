import { checkManifest, faultOfImport } from './dependencies.ts';
import { findImports } from './imports.ts';
import { checkNames } from './purity.ts';
import { isTest, packageOf, type RepositoryFile, type Violation } from './repository.ts';
import { ADAPTERS, IMPURE_NAMES, OUTSIDE_NAMES, REPLICATION, SIMULATED } from './rules.ts';
import { checkIndex, checkReadme, checkTopLevel } from './shape.ts';
import { tokenize, type Token } from './tokens.ts';

/**
 * Holds a repository, given as all of its files, to the shape docs/ARCHITECTURE.md describes: the dependency rule, pure
 * decisions, the world outside behind adapters, one public module per package, a short README in each, and the fixed top
 * level.
 */
export function checkStructure(files: readonly RepositoryFile[]): readonly Violation[] {
  const violations: Violation[] = [...checkTopLevel(files)];
  const packages = files.map(packageOf).filter((found) => found !== null);
  for (const owner of packages) {
    violations.push(...checkManifest(owner), ...checkReadme(owner, files), ...checkIndex(owner, files));
  }
  for (const file of files) {
    if (!/\.[cm]?[jt]sx?$/.test(file.path)) continue;
    const owner = packages.find(({ folder }) => file.path.startsWith(`${folder}/`));
    const tokens = tokensOf(file);
    for (const found of findImports(tokens)) {
      const sentence = faultOfImport(file, owner, found);
      if (sentence !== null) violations.push({ path: file.path, line: found.line, sentence });
    }
    if (owner === undefined || isTest(file.path)) continue;
    if (owner.name === REPLICATION) violations.push(...checkNames(file, tokens, IMPURE_NAMES));
    else if (SIMULATED.has(owner.name) && !ADAPTERS.has(file.path))
      violations.push(...checkNames(file, tokens, OUTSIDE_NAMES));
  }
  return violations.toSorted((a, b) => compareText(a.path, b.path) || a.line - b.line);
}

/** Whoever checks a repository again with one file changed has the others read already. */
const known = new WeakMap<RepositoryFile, readonly Token[]>();

function tokensOf(file: RepositoryFile): readonly Token[] {
  const tokens = known.get(file) ?? tokenize(file.text);
  known.set(file, tokens);
  return tokens;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
