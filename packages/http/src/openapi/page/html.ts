/** Text that is HTML already. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Piece = string | number | Html | null | readonly Html[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** HTML with values in it; what is not HTML itself is escaped. */
export function markup(texts: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  return new Html(texts.map((text, i) => (i === 0 ? text : `${htmlOf(pieces[i - 1]!)}${text}`)).join(''));
}

/** Text with `code` in it, and with an empty line between paragraphs. */
export function prose(text: string): Html {
  const paragraphs = text.split('\n\n').map((one) => new Html(`<p>${inline(one).text}</p>`));
  return markup`${paragraphs}`;
}

export function inline(text: string): Html {
  const parts = text.split('`').map((part, i) => (i % 2 === 1 ? `<code>${escaped(part)}</code>` : escaped(part)));
  return new Html(parts.join(''));
}

function htmlOf(piece: Piece): string {
  if (piece === null) return '';
  if (piece instanceof Html) return piece.text;
  if (typeof piece === 'object') return piece.map(({ text }) => text).join('');
  return escaped(String(piece));
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character]!);
}
