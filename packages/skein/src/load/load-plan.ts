export const MODES = ['put', 'get', 'mixed', 'bulk'] as const;

export type Mode = (typeof MODES)[number];

/** What is done to a node, and for how long. */
export interface LoadPlan {
  readonly url: string;
  readonly mode: Mode;
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second, whether the node keeps up or not; null for as many as it answers. */
  readonly rate: number | null;
  readonly collection: string;
  /** Every key begins with this, which no other run has, and nobody who is not measuring. */
  readonly prefix: string;
  /** How many keys there are to read and to write. */
  readonly keys: number;
  readonly valueBytes: number;
}
