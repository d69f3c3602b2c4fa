import { Command, Option } from 'commander';
import type { ImportProgress, Imported } from '../transfer/import-source.ts';
import { FORMATS, formatOf, type FormatFlags } from '../transfer/format.ts';
import type { Source } from '../transfer/source.ts';
import { assertNodeAddress, assertWritable } from './arguments.ts';
import { CommandError } from './command-error.ts';
import { countText } from './count-text.ts';
import { ProgressLine } from './progress-line.ts';

interface ImportFlags extends FormatFlags {
  readonly dryRun?: boolean;
  readonly unchecked?: boolean;
  readonly resume?: boolean;
  readonly json?: boolean;
}

/** Writes the documents of a file into a collection. */
export function importCommand(): Command {
  return new Command('import')
    .description('Import documents from a file into a collection. A file is proven before the first one is written.')
    .argument('<url>', 'address of a node, a leader or a follower')
    .argument('<collection>', 'where to put them; documents of the same keys are replaced')
    .argument('[file]', 'the file; - for standard input', '-')
    .addOption(new Option('--format <name>', 'of the file (default: what its name ends with)').choices(FORMATS))
    .option('--key <column>', 'of a CSV, the column with the keys (default: key)')
    .option('--delimiter <character>', 'of a CSV, what is between cells, or tab (default: a comma)')
    .option('--strings', 'of a CSV, every cell is a string, also 42, true and {}')
    .option('--dry-run', 'prove the file and write nothing')
    .option('--unchecked', 'begin to write at once, without reading the file before; not for CSV')
    .option('--resume', 'go on where an import of this file was broken off')
    .option('--json', 'print the result as JSON')
    .action(async (url: string, collection: string, file: string, flags: ImportFlags) => {
      assertNodeAddress(url);
      assertWritable(collection);
      const startedAt = performance.now();
      const imported = await run({ url, collection, path: file === '-' ? null : file, flags });
      const said = { collection, ...imported, seconds: (performance.now() - startedAt) / 1000 };
      process.stdout.write(flags.json === true ? jsonOf(said, flags) : sentence(said, flags));
    });
}

interface Run {
  readonly url: string;
  readonly collection: string;
  readonly path: string | null;
  readonly flags: ImportFlags;
}

async function run({ url, collection, path, flags }: Run): Promise<Imported> {
  const format = formatOf(flags, path);
  if (flags.unchecked === true && (format.name === 'csv' || flags.dryRun === true))
    throw new CommandError('usage', '--unchecked is for NDJSON and JSON that is to be written');
  if (flags.resume === true && path === null)
    throw new CommandError('usage', '--resume needs a file: what was piped in is gone');
  // Not for its help, since it is all that imports.
  const { fileSource, stdinSource, withStdinKept } = await import('../transfer/source.ts');
  const { importSource } = await import('../transfer/import-source.ts');
  const importFrom = async (source: Source): Promise<Imported> => {
    const progress = new ImportProgressText(source.file?.bytes ?? null);
    const line = new ProgressLine(process.stderr, () => progress.text);
    try {
      return await importSource({
        source,
        target: { url, collection },
        format,
        isChecked: flags.unchecked !== true,
        isDryRun: flags.dryRun ?? false,
        resumes: flags.resume ?? false,
        onProgress: (made) => progress.note(made),
      });
    } finally {
      line.end();
    }
  };
  if (path !== null) return importFrom(await fileSource(path));
  // Nothing of a CSV is written before all of it has been seen, so what is piped in is kept until then.
  return format.name === 'csv' ? withStdinKept(importFrom) : importFrom(stdinSource());
}

/** Says how far an import is. */
class ImportProgressText {
  readonly #bytesTotal: number | null;
  #begunAtMs: number | null = null;
  #bytesAtBegin = 0;
  #documents = 0;
  text = 'beginning';

  constructor(bytesTotal: number | null) {
    this.#bytesTotal = bytesTotal;
  }

  note(progress: ImportProgress): void {
    switch (progress.step) {
      case 'checking':
        this.text = `checking${this.#share(progress.bytes)}`;
        break;
      case 'waiting':
        this.text = `importing: ${this.#documents} documents so far; waiting: ${progress.reason}`;
        break;
      case 'importing':
        this.#documents = progress.documents;
        this.text = `importing${this.#share(progress.bytes)}, ${this.#documents} documents${this.#pace(progress.bytes)}`;
    }
  }

  #share(bytes: number): string {
    return this.#bytesTotal === null ? '' : ` ${Math.floor((100 * bytes) / this.#bytesTotal)} %`;
  }

  #pace(bytes: number): string {
    const now = performance.now();
    if (this.#begunAtMs === null) {
      this.#begunAtMs = now;
      this.#bytesAtBegin = bytes;
      return '';
    }
    const seconds = (now - this.#begunAtMs) / 1000;
    const rate = Math.round(this.#documents / seconds);
    const bytesPerSecond = (bytes - this.#bytesAtBegin) / seconds;
    if (this.#bytesTotal === null || bytesPerSecond <= 0) return `, ${rate}/s`;
    return `, ${rate}/s, about ${Math.ceil((this.#bytesTotal - bytes) / bytesPerSecond)} s left`;
  }
}

type Said = Imported & { readonly collection: string; readonly seconds: number };

function sentence({ collection, documents, resumedBehind, position, seconds }: Said, { dryRun }: ImportFlags): string {
  if (dryRun === true) return `${countText(documents, 'document')} could be imported into ${collection}\n`;
  const behind = resumedBehind === 0 ? '' : ` behind the first ${resumedBehind}`;
  const pace = `${seconds.toFixed(1)} s, ${Math.round(documents / seconds)}/s`;
  const where = position === null ? '' : `, up to ${position}`;
  return `${countText(documents, 'document')}${behind} imported into ${collection}${where} (${pace})\n`;
}

function jsonOf({ collection, documents, resumedBehind, position, seconds }: Said, { dryRun }: ImportFlags): string {
  const said = {
    collection,
    documents,
    resumed_behind: resumedBehind,
    position,
    seconds: Number(seconds.toFixed(3)),
    dry_run: dryRun ?? false,
  };
  return `${JSON.stringify(said, null, 2)}\n`;
}
