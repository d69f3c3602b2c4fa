import { copySecondsLeft, copyText } from '@skein/replication';
import type { BackupProgress } from '../backup/backup.ts';
import { ProgressLine } from './progress-line.ts';

/** Runs what goes through all documents of a backup, and says on a terminal how far it is. */
export async function withProgress<T>(
  work: (onProgress: (progress: BackupProgress) => void) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  let text = 'beginning';
  const line = new ProgressLine(process.stderr, () => text);
  try {
    return await work(({ documents, documentsTotal: total }) => {
      const pace = { documents, total, documentsAtStart: 0, tookMs: performance.now() - startedAt };
      const left = copySecondsLeft(pace);
      text = copyText({
        step: 'copying',
        documents,
        documents_total: total,
        seconds_left: left === null ? null : Math.ceil(left),
      });
    });
  } finally {
    line.end();
  }
}
