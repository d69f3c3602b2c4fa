import { isSkeinError } from '@skein/protocol';
import type { Clock } from './clock.ts';
import { withCorruptNamed } from './level/level.ts';

/** What reopening a poisoned store takes; the store supplies it. */
export interface Recoverable {
  /** Throws while there is no room on the disk to open a database in. */
  readonly probe: (() => Promise<void>) | undefined;
  /** Closes, opens, and verifies. From its first step on nothing can be read. */
  reopen(): Promise<void>;
}

const DELAY_MS_BASE = 250;
const DELAY_MS_MAX = 10_000;

export type RecoveryResult = 'recovered' | 'corrupt' | 'stopped';

/**
 * After one failed append LevelDB goes on acknowledging writes that will not survive, so a store that failed once is
 * closed, opened and verified before it takes another. While the disk is full the old one stays open for readers: opening
 * needs room, and closing too early would take the reads away with the writes.
 */
export async function recover(
  store: Recoverable,
  clock: Clock,
  signal: AbortSignal,
  onAttemptFailed: (error: unknown) => void,
): Promise<RecoveryResult> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      await store.probe?.();
      await store.reopen();
      return 'recovered';
    } catch (thrown) {
      const error = withCorruptNamed(thrown);
      onAttemptFailed(error);
      if (isSkeinError(error, 'corrupt')) return 'corrupt';
    }
    await clock.sleep(Math.min(DELAY_MS_MAX, DELAY_MS_BASE * 2 ** attempt), signal).catch(() => undefined);
  }
  return 'stopped';
}

export function isDiskFull(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (/No space left on device|ENOSPC|EDQUOT|Disk quota exceeded/.test(cause.message)) return true;
  }
  return false;
}
