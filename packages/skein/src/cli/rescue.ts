import { rm } from 'node:fs/promises';
import { Command } from 'commander';
import { changesOf, listRescued, pathOf, type RescueFile } from '../rescue/rescue-file.ts';
import { reapply } from '../rescue/reapply.ts';
import { CommandError } from './command-error.ts';
import { countText } from './count-text.ts';

const DATA_DEFAULT = './skein-data/leader';

interface DataOption {
  readonly data: string;
}

interface ReapplyOptions extends DataOption {
  readonly leader: string;
  readonly overwrite?: boolean;
}

/** What a node saved of changes that a newer epoch lacks. */
export function rescueCommand(): Command {
  const rescue = new Command('rescue').description(
    'See, write again or discard changes that were left behind by a promotion.',
  );
  rescue.addCommand(listCommand());
  rescue.addCommand(showCommand());
  rescue.addCommand(reapplyCommand());
  rescue.addCommand(discardCommand());
  rescue.action(() => {
    throw new CommandError('usage', 'say which: skein rescue list, show, reapply or discard');
  });
  return rescue;
}

function withData(name: string, description: string): Command {
  const command = new Command(name).description(description).exitOverride();
  return command.option('--data <dir>', 'directory of the node that saved them', DATA_DEFAULT);
}

function listCommand(): Command {
  return withData('list', 'Name the rescue files of a node.')
    .option('--json', 'print JSON')
    .action(async ({ data, json }: DataOption & { readonly json?: boolean }) => {
      const files = await listRescued(data);
      if (json === true) process.stdout.write(`${JSON.stringify(files, null, 2)}\n`);
      else for (const file of files) process.stdout.write(`${sentence(file)}\n`);
      if (files.length === 0) process.stderr.write(`nothing has been saved in ${data}\n`);
    });
}

function sentence({ name, header }: RescueFile): string {
  const { from, to, epoch, replacedBy, fork } = header;
  const gap = from > fork + 1 ? `, ${fork + 1} to ${from - 1} were not kept` : '';
  return `${name}  ${countText(to - from + 1, 'change')}, ${from} to ${to} of ${epoch}, left behind by ${replacedBy}${gap}`;
}

function showCommand(): Command {
  return withData('show', 'Print the changes of a rescue file, each on a line.')
    .argument('<file>', 'a name as list prints it')
    .action(async (file: string, { data }: DataOption) => {
      for await (const change of changesOf(data, file)) process.stdout.write(`${JSON.stringify(change)}\n`);
    });
}

function reapplyCommand(): Command {
  return withData('reapply', 'Write the changes of a rescue file again, to documents that nobody has written since.')
    .argument('<file>', 'a name as list prints it')
    .option('--leader <url>', 'address of the node to write to', 'http://127.0.0.1:7400')
    .option('--overwrite', 'also to documents that have been written since')
    .action(async (file: string, { data, leader, overwrite = false }: ReapplyOptions) => {
      const { header } = await find(data, file);
      const target = { url: leader, overwrites: overwrite };
      const { written, same, conflicts } = await reapply(changesOf(data, file), header, target);
      process.stdout.write(`${written} documents written, ${same} were as they should be\n`);
      for (const name of conflicts) process.stdout.write(`written since, and left as it is: ${name}\n`);
      if (conflicts.length > 0)
        throw new CommandError('failed', `${conflicts.length} documents were written since; see --overwrite`);
    });
}

function discardCommand(): Command {
  return withData('discard', 'Remove a rescue file.')
    .argument('<file>', 'a name as list prints it')
    .action(async (file: string, { data }: DataOption) => {
      await find(data, file);
      await rm(pathOf(data, file));
      process.stdout.write(`${file} is gone\n`);
    });
}

async function find(data: string, name: string): Promise<RescueFile> {
  const file = (await listRescued(data)).find((each) => each.name === name);
  if (file === undefined)
    throw new CommandError('usage', `there is no rescue file ${name} in ${data}; list names them`);
  return file;
}
