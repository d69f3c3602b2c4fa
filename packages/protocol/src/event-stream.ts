import { formatPosition, type Position } from './position.ts';

/*
 * What stands between the changes of an event stream, in the format of Server-Sent Events. A change is an event of its own,
 * `data: ` and its line; an empty line ends an event, and one that has no data reaches nobody, but its id is kept.
 */

/** A comment: something has been sent, and it means nothing. */
export const HEARTBEAT = ':\n\n';

/** Where a reader is once it has the event in which this stands. */
export function idField(position: Position): string {
  return `id: ${formatPosition(position)}\n`;
}

/** Tells a reader where it is, without an event. */
export function bareId(position: Position): string {
  return `${idField(position)}\n`;
}

/** How long a reader is to wait before it comes back, when the stream has ended. */
export function retryField(ms: number): string {
  return `retry: ${Math.round(ms)}\n`;
}

/** The last event of a stream that cannot go on: its name, and a problem as JSON. */
export function farewellEvent(name: 'reset' | 'behind', problem: string, retryMs: number): string {
  return `${retryField(retryMs)}event: ${name}\ndata: ${problem}\n\n`;
}
