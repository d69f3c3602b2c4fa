import type { LeaderOptions } from '@skein/leader';
import type { HistoryEvent } from '../history.ts';

/** What a line of a node's log may have with it. */
interface Facts {
  readonly follower?: string;
  readonly reason?: string;
  readonly examples?: readonly string[];
  readonly rung?: string;
}

/** An operator who reads a node's log for a few lines, as long as it is alive. */
export function logReader(
  node: string,
  isAlive: () => boolean,
  tell: (event: HistoryEvent) => void,
  mark: (name: string) => void,
): NonNullable<LeaderOptions['logger']> {
  const warn = ({ follower, reason }: Facts, text: string): void => {
    if (!isAlive()) return;
    if (reason !== undefined && text.startsWith('the log does not lead on')) tell({ kind: 'cut-off', node, reason });
    if (follower !== undefined && text.startsWith('a follower is lost')) tell({ kind: 'slot-lost', node, follower });
    if (text.startsWith("a peer's log does not lead on")) mark('a peer had cut off its log');
    if (text.startsWith('the clock of a node is too far')) mark('changes were kept out for their time');
  };
  const error = ({ examples }: Facts): void => {
    if (isAlive() && examples !== undefined) tell({ kind: 'drift-found', node, examples });
  };
  const info = ({ rung }: Facts): void => {
    if (isAlive() && rung !== undefined) mark(`a follower came back: ${rung}`);
  };
  const debug = (): void => undefined;
  return { info, error, debug, warn } as unknown as NonNullable<LeaderOptions['logger']>;
}
