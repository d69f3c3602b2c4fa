export interface Token {
  /** A `string` has the text between its quotes. Templates with substitutions and regular expressions leave theirs out. */
  readonly kind: 'word' | 'string' | 'other';
  readonly text: string;
  readonly line: number;
}

/*
 * Enough of a TypeScript lexer to tell code from comments, strings, templates and regular expressions. A search of the
 * text would find `Date` in a sentence about dates; these tokens do not contain it.
 */
const SKIPPED = /(?:\s+|\/\/.*|\/\*[^]*?\*\/|^#!.*)+/y;
const STRING = /'(?:\\[^]|[^'\\\n])*'|"(?:\\[^]|[^"\\\n])*"/y;
const WORD = /#?[\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
const NUMBER = /\d[\w.]*/y;
const REGULAR_EXPRESSION = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
const TEMPLATE_TEXT = /(?:\\[^]|\$(?!\{)|[^\\`$])*(?:`|\$\{)/y;
const OTHER = /\.\.\.|[^]/y;

/** What a `/` divides when it comes after; after anything else it begins a regular expression. */
const OPERAND_ENDS = /^(?:[)\]}`]|[\p{ID_Continue}$#].*)$/u;
const WORDS_BEFORE_OPERAND = new Set(
  'await case delete do else in instanceof new of return throw typeof void yield'.split(' '),
);

export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  /** How many braces are open inside each template substitution around us. */
  const substitutions: number[] = [];
  let at = 0;
  let line = 1;

  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0] ?? null;
  };
  const advance = (length: number): void => {
    const end = at + length;
    for (; at < end; at += 1) if (source[at] === '\n') line += 1;
  };
  const push = (kind: Token['kind'], text: string, length = text.length): void => {
    tokens.push({ kind, text, line });
    advance(length);
  };
  /** From a backtick, or the brace that ends a substitution, to the next backtick or the next substitution. */
  const pushTemplate = (): void => {
    const quote = source[at]!;
    at += 1;
    const text = match(TEMPLATE_TEXT) ?? source.slice(at);
    const isOpen = text.endsWith('${');
    if (isOpen) push('other', '${', text.length);
    else if (quote === '`') push('string', text.slice(0, -1), text.length);
    else push('other', '`', text.length);
    if (isOpen) substitutions.push(0);
  };

  for (;;) {
    advance(match(SKIPPED)?.length ?? 0);
    if (at >= source.length) return tokens;
    const string = match(STRING);
    const word = match(WORD) ?? match(NUMBER);
    const next = source[at]!;
    if (string !== null) push('string', string.slice(1, -1), string.length);
    else if (word !== null) push('word', word);
    else if (next === '/' && !endsOperand(tokens.at(-1))) push('other', '/', match(REGULAR_EXPRESSION)?.length ?? 1);
    else if (next === '`') pushTemplate();
    else if (next === '}' && substitutions.at(-1) === 0) {
      substitutions.pop();
      pushTemplate();
    } else {
      const depth = next === '{' ? 1 : next === '}' ? -1 : 0;
      if (substitutions.length > 0) substitutions.push(substitutions.pop()! + depth);
      push('other', match(OTHER)!);
    }
  }
}

function endsOperand(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.kind === 'string') return true;
  return OPERAND_ENDS.test(token.text) && !WORDS_BEFORE_OPERAND.has(token.text);
}
