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

/** How far a copy is, in few words; steps that this version does not know are named as they are. */
export function copyText(copy: Omit<CopyStatus, 'step'> & { readonly step: string }): string {
  const { step, documents, documents_total: total, seconds_left: seconds } = copy;
  if (step !== 'copying') return step;
  const done = total === null ? `${documents} documents` : `${percentOf(documents, total)} %`;
  return seconds === null ? `${step} ${done}` : `${step} ${done}, about ${durationText(seconds)} left`;
}

/** Documents that are written meanwhile may make more than the whole. */
function percentOf(documents: number, total: number): number {
  return total === 0 ? 100 : Math.min(100, Math.floor((100 * documents) / total));
}

function durationText(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
