import type { Token } from './tokens.ts';

export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** It is gone when the code runs. */
  readonly isOfTypes: boolean;
}

const CALLS = new Set(['import', 'require']);

/** Everything a module names to load: imports and re-exports, for types or values, for their effect, or when called. */
export function findImports(tokens: readonly Token[]): readonly Import[] {
  const imports: Import[] = [];
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== 'word' || tokens[i - 1]?.text === '.') continue;
    const specifier = specifierAt(tokens, i);
    const isOfTypes = tokens[i + 1]?.text === 'type' && tokens[i + 2]?.text !== 'from';
    if (specifier !== undefined) imports.push({ specifier: specifier.text, line: specifier.line, isOfTypes });
  }
  return imports;
}

function specifierAt(tokens: readonly Token[], at: number): Token | undefined {
  const word = tokens[at]!.text;
  const next = tokens[at + 1];
  if (next === undefined) return undefined;
  if (CALLS.has(word) && next.kind === 'other' && next.text === '(') return ifString(tokens[at + 2]);
  if (word === 'import' && next.kind === 'string') return next;
  if (word === 'import' && (next.kind === 'word' || /^[{*]$/.test(next.text))) return fromClause(tokens, at + 1);
  if (word === 'export' && /^(?:type|[{*])$/.test(next.text)) return fromClause(tokens, at + 1);
  return undefined;
}

/** The string after `from`, unless the statement ends, or turns out to declare something, before that. */
function fromClause(tokens: readonly Token[], start: number): Token | undefined {
  for (let i = start; i < tokens.length; i += 1) {
    const { kind, text } = tokens[i]!;
    if (kind === 'other' && !/^[{},*]$/.test(text)) return undefined;
    if (kind === 'word' && text === 'from' && tokens[i + 1]?.kind === 'string') return tokens[i + 1];
  }
  return undefined;
}

function ifString(token: Token | undefined): Token | undefined {
  return token?.kind === 'string' ? token : undefined;
}
