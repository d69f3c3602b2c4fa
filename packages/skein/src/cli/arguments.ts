import { checkReadableCollection, checkWritableCollection } from '@skein/protocol';
import { isNodeAddress } from './ask-node.ts';
import { CommandError } from './command-error.ts';

/** What is wrong with these is wrong with how the command was called. */

export function assertNodeAddress(text: string): void {
  if (!isNodeAddress(text)) throw new CommandError('usage', `${text} is not the address of a node`);
}

export function assertReadable(collection: string): void {
  asUsage(() => checkReadableCollection(collection));
}

export function assertWritable(collection: string): void {
  asUsage(() => checkWritableCollection(collection));
}

function asUsage(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new CommandError('usage', (error as Error).message, error);
  }
}
