/** An error as classic-level makes it of a status of LevelDB. */
class LevelError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export function lockedError(): Error {
  return new LevelError('LEVEL_LOCKED', 'IO error: lock LOCK: already held by process');
}

export function notOpenError(): Error {
  return new LevelError('LEVEL_DATABASE_NOT_OPEN', 'Database is not open');
}

export function diskFullError(): Error {
  return new LevelError('LEVEL_IO_ERROR', 'IO error: 000003.log: No space left on device');
}

export function diskFailedError(): Error {
  return new LevelError('LEVEL_IO_ERROR', 'IO error: 000003.log: Input/output error');
}
