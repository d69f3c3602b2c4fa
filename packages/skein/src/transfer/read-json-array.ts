import { PIECE_BYTES_MAX, UnreadableError, type Piece, type Pieces } from './piece.ts';

const [TAB, NEWLINE, RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [BRACKET, BRACKET_END, BRACE, BRACE_END] = [0x5b, 0x5d, 0x7b, 0x7d];

/** The documents of a JSON array of any length. */
export async function* readJsonArray(chunks: AsyncIterable<Buffer>): Pieces {
  const splitter = new ArraySplitter();
  for await (const chunk of chunks) yield splitter.push(chunk);
  splitter.end();
}

/** What may come next. */
type Expecting = 'the array' | 'the first element' | 'an element' | 'the rest of an element' | 'a comma' | 'the end';

/**
 * Cuts the elements out of an array without reading what is in them: that is for whoever parses each. They are objects, so
 * an element ends where as many braces are closed as were opened, outside of strings.
 */
class ArraySplitter {
  #expecting: Expecting = 'the array';
  #line = 1;
  #lineOfElement = 1;
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #hasLineBreaks = false;
  /** Of an element that is not whole yet. */
  #begun: Buffer[] = [];
  #begunBytes = 0;

  push(chunk: Buffer): readonly Piece[] {
    const pieces: Piece[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (byte === NEWLINE) this.#line++;
      if (this.#expecting !== 'the rest of an element') {
        if (this.#between(byte)) start = at;
      } else if (this.#within(byte)) {
        pieces.push(this.#piece(chunk.subarray(start, at + 1)));
      }
    }
    if (this.#expecting === 'the rest of an element') this.#keep(chunk.subarray(start));
    return pieces;
  }

  end(): void {
    if (this.#expecting !== 'the end')
      throw new UnreadableError(this.#line, `the file ends where ${this.#expecting} is due`);
  }

  /** Answers whether an element begins here. */
  #between(byte: number): boolean {
    if (byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB) return false;
    const expecting = this.#expecting;
    if (expecting === 'the array' && byte === BRACKET) this.#expecting = 'the first element';
    else if (expecting === 'a comma' && byte === COMMA) this.#expecting = 'an element';
    else if ((expecting === 'a comma' || expecting === 'the first element') && byte === BRACKET_END)
      this.#expecting = 'the end';
    else if ((expecting === 'an element' || expecting === 'the first element') && byte === BRACE) {
      this.#expecting = 'the rest of an element';
      this.#lineOfElement = this.#line;
      this.#depth = 1;
      this.#hasLineBreaks = false;
      return true;
    } else throw new UnreadableError(this.#line, unexpected(byte, expecting));
    return false;
  }

  /** Answers whether the element ends here. */
  #within(byte: number): boolean {
    if (byte === NEWLINE || byte === RETURN) {
      if (this.#isInString) throw new UnreadableError(this.#line, 'a string has a line break in it');
      this.#hasLineBreaks = true;
    } else if (this.#isInString) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === BACKSLASH) this.#isEscaped = true;
      else if (byte === QUOTE) this.#isInString = false;
    } else if (byte === QUOTE) this.#isInString = true;
    else if (byte === BRACE) this.#depth++;
    else if (byte === BRACE_END) this.#depth--;
    if (this.#depth > 0) return false;
    this.#expecting = 'a comma';
    return true;
  }

  /** Outside of strings a line break is a space like any other. */
  #piece(last: Buffer): Piece {
    const text = Buffer.concat([...this.#begun, last]);
    this.#begun = [];
    this.#begunBytes = 0;
    if (this.#hasLineBreaks)
      for (let at = 0; at < text.length; at++) if (text[at] === NEWLINE || text[at] === RETURN) text[at] = SPACE;
    return { line: this.#lineOfElement, text };
  }

  #keep(part: Buffer): void {
    this.#begun.push(part);
    this.#begunBytes += part.length;
    if (this.#begunBytes > PIECE_BYTES_MAX)
      throw new UnreadableError(this.#lineOfElement, `an element is over ${PIECE_BYTES_MAX} bytes`);
  }
}

function unexpected(byte: number, expecting: Expecting): string {
  const found = byte > SPACE && byte < 0x7f ? String.fromCharCode(byte) : `byte ${byte}`;
  const due = expecting === 'the array' ? '[ is due: a JSON array of {"key","value"}' : `${expecting} is due`;
  return `${found} stands where ${expecting === 'an element' ? '{"key","value"} is due' : due}`;
}
