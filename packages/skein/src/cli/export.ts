import { Command, Option } from 'commander';
import type { Exported } from '../transfer/export-collection.ts';
import { FORMATS, formatOf, type FormatFlags } from '../transfer/format.ts';
import { assertNodeAddress, assertReadable } from './arguments.ts';
import { askNode } from './ask-node.ts';
import { CommandError } from './command-error.ts';
import { countText } from './count-text.ts';
import { ProgressLine } from './progress-line.ts';

interface ExportFlags extends Omit<FormatFlags, 'strings'> {
  readonly prefix?: string;
  readonly overwrite?: boolean;
  readonly resume?: boolean;
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
    .option('--resume', 'go on where an export into this file was broken off; not for CSV')
    .option('--json', 'print the result as JSON')
    .action(async (url: string, collection: string, file: string, flags: ExportFlags) => {
      assertNodeAddress(url);
      assertReadable(collection);
      const path = file === '-' ? null : file;
      if (path === null && flags.json === true)
        throw new CommandError('usage', '--json needs a file: standard output has the documents');
      const exported = await run({ url, collection, path, flags });
      process[flags.json === true ? 'stdout' : 'stderr'].write(
        flags.json === true ? jsonOf(exported, collection, path) : sentence(exported, collection),
      );
    });
}

interface Run {
  readonly url: string;
  readonly collection: string;
  readonly path: string | null;
  readonly flags: ExportFlags;
}

async function run({ url, collection, path, flags }: Run): Promise<Exported> {
  const format = formatOf(flags, path);
  // Which columns a CSV has is known behind its last document.
  if (flags.resume === true && (path === null || format.name === 'csv'))
    throw new CommandError('usage', '--resume is for a file of NDJSON or JSON');
  const { exportCollection, exportToFile } = await import('../transfer/export-collection.ts');
  const { FileSink, StdoutSink } = await import('../transfer/sink.ts');
  const mayOverwrite = flags.overwrite ?? false;
  let documents = 0;
  let total: number | null = null;
  // It may have to be counted, which nobody waits for.
  if (process.stderr.isTTY && flags.prefix === undefined)
    void countOf(url, collection).then((count) => (total = count));
  const line = new ProgressLine(process.stderr, () => {
    const share = total === null || total === 0 ? '' : ` ${Math.min(100, Math.floor((100 * documents) / total))} %`;
    return `exporting${share}, ${documents} documents`;
  });
  const options = {
    wanted: { url, collection, prefix: flags.prefix },
    format,
    onProgress: (count: number) => (documents = count),
  };
  try {
    if (path === null) return await exportCollection(options, new StdoutSink());
    if (format.name === 'csv') return await exportCollection(options, await FileSink.create(path, mayOverwrite));
    return await exportToFile(options, { path, mayOverwrite, resumes: flags.resume ?? false });
  } finally {
    line.end();
  }
}

function sentence({ documents, resumedBehind }: Exported, collection: string): string {
  const behind = resumedBehind === 0 ? '' : ` behind the first ${resumedBehind}, which are of an earlier moment`;
  return `${countText(documents, 'document')} of ${collection} exported${behind}\n`;
}

function jsonOf({ documents, resumedBehind }: Exported, collection: string, file: string | null): string {
  return `${JSON.stringify({ collection, documents, resumed_behind: resumedBehind, file }, null, 2)}\n`;
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
