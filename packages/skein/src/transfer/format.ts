import { extname } from 'node:path';
import { CommandError } from '../cli/command-error.ts';

export const FORMATS = ['ndjson', 'json', 'csv'] as const;

export type FormatName = (typeof FORMATS)[number];

/** How documents stand in a file. */
export interface Format {
  readonly name: FormatName;
  /** The column of a CSV that holds the keys. */
  readonly keyColumn: string;
  readonly delimiter: string;
  /** Every cell of a CSV is a string, whatever it looks like. */
  readonly isAllStrings: boolean;
}

/** What a command line says of a format. */
export interface FormatFlags {
  readonly format?: FormatName;
  readonly key?: string;
  readonly delimiter?: string;
  readonly strings?: boolean;
}

const BY_EXTENSION: ReadonlyMap<string, FormatName> = new Map([
  ['.ndjson', 'ndjson'],
  ['.jsonl', 'ndjson'],
  ['.json', 'json'],
  ['.csv', 'csv'],
  ['.tsv', 'csv'],
]);

/** The format that was asked for, or else what the name of the file says, or else lines. */
export function formatOf({ format, key, delimiter, strings }: FormatFlags, path: string | null): Format {
  const extension = path === null ? '' : extname(path).toLowerCase();
  const name = format ?? BY_EXTENSION.get(extension) ?? (path === null ? 'ndjson' : undefined);
  if (name === undefined)
    throw new CommandError('usage', `${path}: say --format, which is one of ${FORMATS.join(', ')}`);
  const ofCsv = { '--key': key, '--delimiter': delimiter, '--strings': strings };
  for (const [flag, value] of Object.entries(ofCsv))
    if (value !== undefined && name !== 'csv')
      throw new CommandError('usage', `${flag} is for CSV, and this is ${name}`);
  return {
    name,
    keyColumn: key ?? 'key',
    delimiter: delimiterOf(delimiter ?? (extension === '.tsv' ? 'tab' : ',')),
    isAllStrings: strings ?? false,
  };
}

function delimiterOf(text: string): string {
  const delimiter = text === 'tab' || text === '\\t' ? '\t' : text;
  if (delimiter.length === 1 && !/["\r\n]/.test(delimiter)) return delimiter;
  throw new CommandError('usage', `--delimiter is one character, or tab, and not ${JSON.stringify(text)}`);
}
