import { pino, type Logger } from 'pino';

export type NodeLogger = Logger;

/** Logs on stderr, since stdout is for data: JSON lines, or readable ones on a terminal. */
export async function createLogger(level: string): Promise<NodeLogger> {
  if (process.stderr.isTTY) {
    const { default: pretty } = await import('pino-pretty');
    return pino(
      { level },
      pretty({ destination: 2, sync: true, ignore: 'pid,hostname', colorize: process.env['NO_COLOR'] === undefined }),
    );
  }
  return pino({ level }, pino.destination({ dest: 2, sync: false }));
}
