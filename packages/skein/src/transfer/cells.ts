import type { JsonText, JsonValue } from '@skein/protocol';

/*
 * What a cell of a CSV means. It is a string, unless it reads as JSON: a number, true, false, null, a list, an object, or a
 * string in quotes. An empty cell is a field that is not there. So a string that would read as something else is written in
 * quotes, and what is exported comes back as it was.
 */

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/;
/** A double keeps so many digits of any number. */
const DIGITS_MAX = 15;

/** The JSON text of a cell; undefined where there is no such field. */
export function readCell(cell: string, isAllStrings: boolean): JsonText | undefined {
  if (isAllStrings) return JSON.stringify(cell);
  if (cell === '') return undefined;
  return readsAsJson(cell) ? cell : JSON.stringify(cell);
}

/** The cell that is read as this value. */
export function writeCell(value: JsonValue | undefined): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') return JSON.stringify(value);
  return value === '' || readsAsJson(value) ? JSON.stringify(value) : value;
}

function readsAsJson(cell: string): boolean {
  if (cell === 'true' || cell === 'false' || cell === 'null') return true;
  if (NUMBER.test(cell)) return isExact(cell);
  const [first, last] = [cell[0], cell.at(-1)];
  const isEnclosed =
    (first === '{' && last === '}') || (first === '[' && last === ']') || (first === '"' && last === '"');
  return isEnclosed && !/[\r\n]/.test(cell) && isJson(cell);
}

/** What a double would not keep is a name for something, and stays what it is. */
function isExact(number: string): boolean {
  const value = Number(number);
  if (!Number.isFinite(value)) return false;
  return String(value) === number || number.replaceAll(/[eE].*|\D/g, '').length <= DIGITS_MAX;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
