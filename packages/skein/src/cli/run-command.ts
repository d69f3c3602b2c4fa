import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.ts';
import { CommandError, EXIT_CODES } from './command-error.ts';

/** By the name that it is called by: what a command needs is loaded when it is called, and all of them for the help. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  leader: async () => (await import('./node.ts')).nodeCommand('leader'),
  follower: async () => (await import('./node.ts')).nodeCommand('follower'),
  mesh: async () => (await import('./node.ts')).nodeCommand('mesh'),
  import: async () => (await import('./import.ts')).importCommand(),
  export: async () => (await import('./export.ts')).exportCommand(),
  promote: async () => (await import('./promote.ts')).promoteCommand(),
  rescue: async () => (await import('./rescue.ts')).rescueCommand(),
  backup: async () => (await import('./backup.ts')).backupCommand(),
  restore: async () => (await import('./restore.ts')).restoreCommand(),
  status: async () => (await import('./status.ts')).statusCommand(),
  verify: async () => (await import('./verify.ts')).verifyCommand(),
  config: async () => (await import('./config.ts')).configCommand(),
  bench: async () => (await import('./bench.ts')).benchCommand(),
  demo: async () => (await import('./demo.ts')).demoCommand(),
};

/** What `skein` does with the arguments of this process. */
export async function runCommand(): Promise<void> {
  const program = new Command('skein')
    .description('A document database with one leader, any number of followers, and an open HTTP change feed.')
    .version(VERSION)
    .showHelpAfterError('(see: skein --help)')
    .exitOverride();

  const called = process.argv[2] ?? '';
  const wanted = Object.hasOwn(COMMANDS, called) ? [COMMANDS[called]!] : Object.values(COMMANDS);
  for (const load of wanted) program.addCommand(await load());
  for (const command of program.commands) command.exitOverride();

  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): number {
  // Commander has said on stderr what is wrong; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_CODES.usage;
  if (error instanceof CommandError) {
    process.stderr.write(`skein: ${error.message}\n`);
    return error.exitCode;
  }
  process.stderr.write(`skein: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT_CODES.failed;
}
