import { idField, type LineReader, type Position } from '@skein/protocol';
import type { FeedFields } from './page-key.ts';

/** What the value of a line, and the end of the line, are replaced with when nobody wants the value. */
const WITHOUT_VALUE = Buffer.from('}\n');
const VALUE_NAME_BYTES = ',"value":'.length;
const DATA = Buffer.from('data: ');
const NEWLINE = Buffer.from('\n');

/** The lines of a page, as runs of bytes: those that stand together in their record stay together. */
export class LineRuns {
  bytes = 0;
  readonly #fields: FeedFields;
  readonly #runs: Buffer[] = [];
  /** The last run, while it can be made longer: nothing, or a part of a record. */
  #source: Buffer | undefined;
  #start = 0;
  #end = 0;

  constructor(fields: FeedFields) {
    this.#fields = fields;
  }

  /** All of it, at the end. */
  all(): readonly Buffer[] {
    this.#endRun();
    return this.#runs;
  }

  /** A line that has just been read, from `start` to the line end at `end`. */
  addLine(lines: Buffer, start: number, end: number, line: LineReader): void {
    if (this.#fields === 'all' || line.isDelete) return this.#add(lines, start, end + 1);
    this.#add(lines, start, line.valueStart - VALUE_NAME_BYTES);
    this.addText(WITHOUT_VALUE);
  }

  /** Behind the last line of a transaction, whether or not any of its lines was taken. */
  endTransaction(_position: Position): void {
    // A page says once where it ends.
  }

  protected addText(text: Buffer): void {
    this.#endRun();
    this.#runs.push(text);
    this.bytes += text.length;
  }

  #add(source: Buffer, start: number, end: number): void {
    if (this.#source !== source || this.#end !== start) {
      this.#endRun();
      this.#source = source;
      this.#start = start;
    }
    this.#end = end;
    this.bytes += end - start;
  }

  #endRun(): void {
    if (this.#source === undefined) return;
    this.#runs.push(this.#source.subarray(this.#start, this.#end));
    this.#source = undefined;
  }
}

/**
 * The lines of a page as events, one each. Of a transaction's events only the last has an id, and that is the position behind the
 * whole transaction, so that whoever comes back with an id has had all of it or nothing.
 */
export class EventRuns extends LineRuns {
  /** The last event still lacks its end: what that is depends on whether it is the last of its transaction. */
  #isOpen = false;
  /** The last id there is. */
  idOffset = 0;

  override addLine(lines: Buffer, start: number, end: number, line: LineReader): void {
    if (this.#isOpen) this.addText(NEWLINE);
    this.addText(DATA);
    super.addLine(lines, start, end, line);
    this.#isOpen = true;
  }

  override endTransaction(position: Position): void {
    if (!this.#isOpen) return;
    this.addText(Buffer.from(`${idField(position)}\n`));
    this.idOffset = position.offset;
    this.#isOpen = false;
  }
}
