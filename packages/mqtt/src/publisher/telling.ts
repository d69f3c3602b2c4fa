import type { ReplicationEvent } from '../events/event.ts';

/** What is told of a change, with what travels beside the event. */
export interface Telling {
  readonly event: ReplicationEvent;
  /** Which numbering its `seq` is of; another one once numbers may be used again. */
  readonly incarnation: string;
  /** In a mesh, what it was written over. */
  readonly over?: string | undefined;
}
