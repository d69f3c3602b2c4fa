import { describe, expect, it } from 'vitest';
import { checkPiece } from './check-piece.ts';
import type { Format, FormatName } from './format.ts';
import { readerOf } from './read-pieces.ts';

async function read(name: FormatName, text: string | Buffer, more: Partial<Format> = {}): Promise<string[]> {
  const format: Format = { name, keyColumn: 'key', delimiter: ',', isAllStrings: false, ...more };
  const found: string[] = [];
  const chunks = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from(text);
  };
  for await (const pieces of (await readerOf(format))(chunks()))
    for (const piece of pieces) {
      checkPiece(piece);
      found.push(`${piece.line} ${piece.text.toString()}`);
    }
  return found;
}

describe('a CSV', () => {
  it('has a document for each row, with the line on which it begins', async () => {
    const text = '\ufeffkey,n,text\r\na,1,"x\r\ny"\r\n\r\n\r\nb,2.50,007\r\nc,,"say ""hi"""\r\n';
    expect(await read('csv', text)).toStrictEqual([
      '2 {"key":"a","value":{"n":1,"text":"x\\r\\ny"}}',
      '6 {"key":"b","value":{"n":2.50,"text":"007"}}',
      '7 {"key":"c","value":{"text":"say \\"hi\\""}}',
    ]);
  });

  it('may have another delimiter, another column with the keys, and strings only', async () => {
    const text = 'id;n;ok\n1;2;true\n';
    const more = { keyColumn: 'id', delimiter: ';', isAllStrings: true };
    expect(await read('csv', text, more)).toStrictEqual(['2 {"key":"1","value":{"n":"2","ok":"true"}}']);
  });

  it.each<[string, string | Buffer, number, RegExp]>([
    ['a row that has too few cells', 'key,a\nx,1\ny\n', 3, /1 cell, and the header names 2/],
    ['a row that has too many', 'key,a\n"x\n",1\ny,2,3\n', 4, /3 cells, and the header names 2/],
    ['a quote that is never closed', 'key,a\nx,1\ny,"1\n\n\n', 3, /never closed/],
    ['a quote in the middle of a cell', 'key,a\nx,1"\n', 2, /in the middle of a cell/],
    ['something behind a quote', 'key,a\nx,"1"2\n', 2, /between the quote/],
    ['a name twice', 'key,a,a\n', 1, /names "a" twice/],
    ['no column with the keys', 'id,a\n1,2\n', 1, /no column is named key.*id, a/],
    ['nothing at all', '', 1, /no header/],
    ['a key that is none', 'key,a\n,1\n', 2, /is empty/],
    ['bytes that are not UTF-8', Buffer.from('key,a\nx,\xff\n', 'latin1'), 1, /not UTF-8/],
  ])('with %s is refused, with a line', async (_, text, line, sentence) => {
    await expect(read('csv', text)).rejects.toMatchObject({ line, message: expect.stringMatching(sentence) });
  });
});

describe('a JSON array', () => {
  it('may stand on as many lines as it likes', async () => {
    const text = ' [\n{"key":"a",\r\n "value":"}]\\""}\n,{"key":"b","value":[{}]}\n]\n';
    expect(await read('json', text)).toStrictEqual(['2 {"key":"a",   "value":"}]\\""}', '4 {"key":"b","value":[{}]}']);
    expect(await read('json', '[]')).toStrictEqual([]);
  });

  it.each<[string, string, number, RegExp]>([
    ['is an object', '{"documents":[]}', 1, /\{ stands where \[ is due/],
    ['is cut off', '[{"key":"a","value":1},\n', 2, /ends where an element is due/],
    ['is cut off in a document', '[{"key":"a",\n', 2, /ends where the rest of an element is due/],
    ['has a comma too much', '[{"key":"a","value":1},\n]', 2, /\] stands where/],
    ['has none', '[{"key":"a","value":1}\n{"key":"b","value":1}]', 2, /\{ stands where a comma is due/],
    ['goes on behind its end', '[]\n[]', 2, /stands where the end is due/],
    ['has a line break in a string', '[{"key":"a\n"}]', 2, /line break/],
    ['has what is no document', '[\n{"key":"a"}]', 2, /"key","value"/],
  ])('that %s is refused, with the line', async (_, text, line, sentence) => {
    await expect(read('json', text)).rejects.toMatchObject({ line, message: expect.stringMatching(sentence) });
  });
});

describe('lines', () => {
  it.each<[string, string | Buffer, number, RegExp]>([
    ['JSON that is none', '{"key":"a","value":1}\n\n{"key"\n', 3, /JSON/],
    ['more than a document', '{"key":"a","value":1,"more":1}', 1, /"key","value"/],
    ['a key that is no string', '{"key":1,"value":1}', 1, /a string/],
    ['a number that cannot be kept', '{"key":"a","value":1e999}', 1, /number/],
    ['bytes that are not UTF-8', Buffer.from('{"key":"a","value":"\xff"}', 'latin1'), 1, /not UTF-8/],
  ])('with %s are refused', async (_, text, line, sentence) => {
    await expect(read('ndjson', text)).rejects.toMatchObject({ line, message: expect.stringMatching(sentence) });
  });
});
