import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import type { Import } from './imports.ts';
import { isTest, type Package, type RepositoryFile, type Violation } from './repository.ts';
import { ADAPTERS, MAY_IMPORT, OUTSIDE_MODULES, SIMULATED, TESTING, WITHOUT_LIBRARIES, WITHOUT_NODE } from './rules.ts';

/** What is wrong with one import, as a sentence. */
export function faultOfImport(file: RepositoryFile, owner: Package | undefined, found: Import): string | null {
  const { specifier, isOfTypes } = found;
  const ours = /^(@skein\/[^/]+|skein)(?=\/|$)/.exec(specifier)?.[1];
  if (ours !== undefined && specifier !== ours)
    return `imports '${specifier}'; a package is imported by its name alone.`;
  if (owner === undefined) return null;

  if (/^\.{1,2}(?:\/|$)/.test(specifier)) return faultOfRelativeImport(file, owner, specifier);
  if (ours !== undefined) {
    if (ours === owner.name) return 'imports its own package by name; inside, modules import each other.';
    return faultOfDependency(owner, ours, isTest(file.path));
  }
  if (isTest(file.path)) return null;
  if (WITHOUT_NODE.has(owner.name) && isBuiltin(specifier))
    return `imports '${specifier}'; ${owner.name} has none of Node's modules.`;
  if (SIMULATED.has(owner.name) && !ADAPTERS.has(file.path) && !isOfTypes && OUTSIDE_MODULES.has(specifier))
    return `imports '${specifier}'; the world outside comes in through the adapters.`;
  if (WITHOUT_LIBRARIES.has(owner.name)) return `imports '${specifier}'; ${owner.name} has no library under it.`;
  return null;
}

function faultOfRelativeImport(file: RepositoryFile, owner: Package, specifier: string): string | null {
  const target = posix.join(posix.dirname(file.path), specifier);
  if (!target.startsWith(`${owner.folder}/`)) return `imports '${specifier}', which is outside its package.`;
  const indexes = ['src', 'src/index', 'src/index.ts', 'src/index.js'].map((path) => `${owner.folder}/${path}`);
  const isInside = file.path.startsWith(`${owner.folder}/src/`);
  if (isInside && indexes.includes(target)) return 'imports its own index; inside, modules import each other.';
  return null;
}

function faultOfDependency(owner: Package, name: string, forTests: boolean): string | null {
  const allowed = MAY_IMPORT.get(owner.name) ?? [];
  if (allowed.includes(name) || (forTests && name === TESTING)) return null;
  const choice = allowed.length === 0 ? 'none of our packages' : `only ${allowed.join(', ')}`;
  return `${owner.name} may not depend on ${name}, ${choice}.`;
}

export function checkManifest(owner: Package): readonly Violation[] {
  const { path, text } = owner.manifest;
  const lines = text.split('\n');
  const lineOf = (key: string): number => lines.findIndex((line) => line.trimStart().startsWith(`"${key}":`)) + 1;
  const violations: Violation[] = [];
  if (!MAY_IMPORT.has(owner.name)) {
    violations.push({ path, line: lineOf('name'), sentence: `${owner.name} has no place in the dependency rule.` });
    return violations;
  }
  const manifest = JSON.parse(text) as Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;
  for (const field of ['dependencies', 'optionalDependencies', 'peerDependencies', 'devDependencies']) {
    for (const name of Object.keys(manifest[field] ?? {})) {
      if (name !== 'skein' && !name.startsWith('@skein/')) continue;
      const fault = faultOfDependency(owner, name, field === 'devDependencies');
      if (fault !== null) violations.push({ path, line: lineOf(name), sentence: fault });
    }
  }
  return violations;
}
