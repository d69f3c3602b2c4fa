import type { Clock } from '@skein/core';
import type { CopyStatus } from './copy-leader.ts';

const TOLD_EVERY_MS = 5000;

export interface CopyWatch {
  readonly clock: Clock;
  /** Null while no copy is being made. */
  readonly status: () => CopyStatus | null;
  readonly tell: (copy: CopyStatus) => void;
}

/** Waits for a copy, and tells every few seconds how far it is: one that takes an hour must not look like one that hangs. */
export async function watchingCopy<T>(making: Promise<T>, watch: CopyWatch): Promise<T> {
  const over = new AbortController();
  void tellUntil(over.signal, watch);
  try {
    return await making;
  } finally {
    over.abort();
  }
}

async function tellUntil(over: AbortSignal, { clock, status, tell }: CopyWatch): Promise<void> {
  for (;;) {
    await clock.sleep(TOLD_EVERY_MS, over).catch(() => undefined);
    if (over.aborted) return;
    const copy = status();
    if (copy !== null) tell(copy);
  }
}
