import type { Front } from '@skein/http';
import { CommandError } from './cli/command-error.ts';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly insecure: boolean;
}

/** Where a node listens whose configuration leaves out what goes without saying. */
export function addressToListenOn(
  {
    host = '127.0.0.1',
    port,
    insecure = false,
  }: Partial<{ [Name in keyof ListenOptions]: ListenOptions[Name] | undefined }>,
  portUnlessGiven: number,
): ListenOptions {
  return { host, port: port ?? portUnlessGiven, insecure };
}

const LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|::1)$/;

/** Refuses to be reachable from elsewhere by accident: there is neither encryption nor a question who is there. */
export function checkExposure({ host, insecure }: ListenOptions): void {
  if (insecure || LOOPBACK.test(host)) return;
  throw new CommandError(
    'configuration',
    `listening on ${host} would let anyone who reaches it read and write: use 127.0.0.1, or say --insecure`,
  );
}

/** Starts listening and answers the address. */
export async function listen(front: Front, { host, port }: ListenOptions): Promise<string> {
  try {
    return addressOf(host, await front.listen({ host, port }));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new CommandError(
        'unavailable',
        `port ${port} on ${host} is in use: stop what listens there, or give --port another`,
        error,
      );
    if (code === 'EACCES')
      throw new CommandError(
        'configuration',
        `port ${port} may not be opened by this user: give --port one above 1023`,
        error,
      );
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new CommandError('configuration', `${host} is not an address of this machine: give --host another`, error);
    throw error;
  }
}

export function addressOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
