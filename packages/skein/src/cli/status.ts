import { Command } from 'commander';
import { CommandError } from './command-error.ts';

const URL_DEFAULT = 'http://127.0.0.1:7400';

/** Asks each node how it is. */
export function statusCommand(): Command {
  return new Command('status')
    .description('Show the state of one or more nodes. Exit code 1 when one of them is not healthy.')
    .argument('[urls...]', 'addresses of nodes', [URL_DEFAULT])
    .option('--json', 'print what the nodes answered')
    .action(async (urls: readonly string[], { json }: { json?: boolean }) => {
      // Not for its help, which has no tables.
      const [{ askStatus, isUnwell }, { statusTables }] = await Promise.all([
        import('../status/ask-status.ts'),
        import('../status/status-tables.ts'),
      ]);
      const answers = await Promise.all(urls.map(askStatus));
      process.stdout.write(json === true ? `${JSON.stringify(answers, null, 2)}\n` : `${statusTables(answers)}\n`);
      const silent = answers.filter((answer) => 'problem' in answer);
      if (silent.length > 0)
        throw new CommandError('unavailable', `no status from ${silent.map(({ url }) => url).join(', ')}`);
      const unwell = answers.flatMap((answer) => ('status' in answer && isUnwell(answer.status) ? [answer] : []));
      if (unwell.length > 0)
        throw new CommandError('failed', unwell.map(({ status }) => `${status.node}: ${status.error}`).join('\n'));
    });
}
