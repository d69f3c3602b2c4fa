import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.ts';
import { CommandError, EXIT_CODES } from './command-error.ts';
import { backupCommand } from './backup.ts';
import { benchCommand } from './bench.ts';
import { configCommand } from './config.ts';
import { demoCommand } from './demo.ts';
import { exportCommand } from './export.ts';
import { importCommand } from './import.ts';
import { nodeCommand } from './node.ts';
import { promoteCommand } from './promote.ts';
import { rescueCommand } from './rescue.ts';
import { restoreCommand } from './restore.ts';
import { statusCommand } from './status.ts';
import { verifyCommand } from './verify.ts';

const program = new Command('skein')
  .description('A document database with one leader, any number of followers, and an open HTTP change feed.')
  .version(VERSION)
  .showHelpAfterError('(see: skein --help)')
  .exitOverride()
  .addCommand(nodeCommand('leader'))
  .addCommand(nodeCommand('follower'))
  .addCommand(importCommand())
  .addCommand(exportCommand())
  .addCommand(promoteCommand())
  .addCommand(rescueCommand())
  .addCommand(backupCommand())
  .addCommand(restoreCommand())
  .addCommand(statusCommand())
  .addCommand(verifyCommand())
  .addCommand(configCommand())
  .addCommand(benchCommand())
  .addCommand(demoCommand());

for (const command of program.commands) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
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
