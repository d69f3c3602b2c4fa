import type { RepositoryFile, Violation } from './repository.ts';
import { IMPURE_NAMES } from './rules.ts';
import type { Token } from './tokens.ts';

/** Time, randomness and ids are arguments of a decision, and it answers at once. */
export function checkPurity(file: RepositoryFile, tokens: readonly Token[]): readonly Violation[] {
  const violations: Violation[] = [];
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== 'word') continue;
    const { text, line } = token;
    const isRandom = text === 'Math' && tokens[i + 1]?.text === '.' && tokens[i + 2]?.text === 'random';
    const name = isRandom ? 'Math.random' : text;
    const reason = isRandom ? 'randomness is an argument' : IMPURE_NAMES.get(text);
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
