import { addressOf, type ListenOptions } from './listen.ts';

/** The obvious ones are known before anything starts; the others, by the node id in their answers. */
export function isItself(node: string, { host, port }: ListenOptions): boolean {
  const url = new URL(node);
  const own = new URL(addressOf(host, port));
  const isSameHost = url.hostname === own.hostname || (isLoopback(url.hostname) && isLoopback(own.hostname));
  return port !== 0 && isSameHost && url.port === own.port;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}
