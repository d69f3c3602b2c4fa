/** Why a command ends without success, and the exit code that says so. */
export const EXIT_CODES = {
  failed: 1,
  usage: 2,
  unavailable: 69,
  'try-later': 75,
  configuration: 78,
} as const;

export type ExitReason = keyof typeof EXIT_CODES;

/** Ends a command with one sentence on stderr that says what to do. */
export class CommandError extends Error {
  readonly reason: ExitReason;

  constructor(reason: ExitReason, sentence: string, cause?: unknown) {
    super(sentence, cause === undefined ? undefined : { cause });
    this.name = 'CommandError';
    this.reason = reason;
  }

  get exitCode(): number {
    return EXIT_CODES[this.reason];
  }
}
