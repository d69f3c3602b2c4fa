/** What is put into one file, to be started by what is in `bin`. */
export { runCommand } from '../cli/run-command.ts';
export { startQuickly } from '../quick-start.ts';
