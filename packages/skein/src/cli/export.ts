import { Command, Option } from 'commander';
import { FORMATS, formatOf, type FormatFlags } from '../transfer/format.ts';
import { assertNodeAddress, assertReadable } from './arguments.ts';
import { askNode } from './ask-node.ts';
import { CommandError } from './command-error.ts';
import { countText } from './count-text.ts';
import { ProgressLine } from './progress-line.ts';

interface ExportFlags extends Omit<FormatFlags, 'strings'> {
  readonly prefix?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** Writes the documents of a collection to a file. */
export function exportCommand(): Command {
  return new Command('export')
    .description('Export a collection as of one moment, in the order of its keys.')
    .argument('<url>', 'address of a node, a leader or a follower')
    .argument('<collection>', 'what to export')
    .argument('[file]', 'where to put it; - for standard output', '-')
    .addOption(new Option('--format <name>', 'of the file (default: what its name ends with)').choices(FORMATS))
    .option('--prefix <text>', 'only documents whose keys begin so')
    .option('--key <column>', 'of a CSV, what to name the column with the keys (default: key)')
    .option('--delimiter <character>', 'of a CSV, what to put between cells, or tab (default: a comma)')
    .option('--overwrite', 'replace a file that is there')
    .option('--json', 'print the result as JSON')
    .action(async (url: string, collection: string, file: string, flags: ExportFlags) => {
      assertNodeAddress(url);
      assertReadable(collection);
      const path = file === '-' ? null : file;
      if (path === null && flags.json === true)
        throw new CommandError('usage', '--json needs a file: standard output has the documents');
      const documents = await run({ url, collection, path, flags });
      const said = { collection, documents, file: path };
      if (flags.json === true) process.stdout.write(`${JSON.stringify(said, null, 2)}\n`);
      else process.stderr.write(`${countText(documents, 'document')} of ${collection} exported\n`);
    });
}

interface Run {
  readonly url: string;
  readonly collection: string;
  readonly path: string | null;
  readonly flags: ExportFlags;
}

async function run({ url, collection, path, flags }: Run): Promise<number> {
  const format = formatOf(flags, path);
  const { FileSink, StdoutSink } = await import('../transfer/sink.ts');
  const { exportCollection } = await import('../transfer/export-collection.ts');
  const sink = path === null ? new StdoutSink() : await FileSink.create(path, flags.overwrite ?? false);
  let documents = 0;
  let total: number | null = null;
  // It may have to be counted, which nobody waits for.
  if (process.stderr.isTTY && flags.prefix === undefined)
    void countOf(url, collection).then((count) => (total = count));
  const line = new ProgressLine(process.stderr, () => {
    const share = total === null || total === 0 ? '' : ` ${Math.min(100, Math.floor((100 * documents) / total))} %`;
    return `exporting${share}, ${documents} documents`;
  });
  try {
    const wanted = { url, collection, prefix: flags.prefix };
    return await exportCollection({ wanted, format, sink, onProgress: (count) => (documents = count) });
  } finally {
    line.end();
  }
}

async function countOf(url: string, collection: string): Promise<number | null> {
  try {
    const { json } = await askNode(url, { path: '/v1/collections' });
    const { collections } = json as { readonly collections: readonly { name: string; documents: number }[] };
    return collections.find(({ name }) => name === collection)?.documents ?? null;
  } catch {
    return null;
  }
}
