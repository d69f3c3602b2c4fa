import type { RepositoryFile, Violation } from './repository.ts';
import type { Token } from './tokens.ts';

/** Finds names that a file may not use, each with the reason why; one with a dot in it is two words and a dot. */
export function checkNames(
  file: RepositoryFile,
  tokens: readonly Token[],
  reasons: ReadonlyMap<string, string>,
): readonly Violation[] {
  const violations: Violation[] = [];
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== 'word') continue;
    const { text, line } = token;
    const isMath = text === 'Math' && tokens[i + 1]?.text === '.';
    const name = isMath ? `Math.${tokens[i + 2]?.text}` : text;
    const reason = reasons.get(name);
    if (reason === undefined || isMember(tokens, i)) continue;
    violations.push({ path: file.path, line, sentence: `uses ${name}; ${reason}.` });
  }
  return violations;
}

/** A property of something else that merely has the name: `page.performance`, `{ fetch: 1 }`, `readonly process?: X`. */
function isMember(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1]?.text;
  if (before === '.') return true;
  const after = tokens[at + 1]?.text === '?' ? tokens[at + 2]?.text : tokens[at + 1]?.text;
  return after === ':' && before !== undefined && /^(?:[{,;]|readonly)$/.test(before);
}
