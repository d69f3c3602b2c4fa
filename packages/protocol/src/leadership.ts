import { z } from 'zod';
import type { Epoch } from './epoch.ts';
import { ROLES } from './wire.ts';

/** Where the epochs of a log are written down, each as the first change of its own: `{counter}` → `EpochDocument`. */
export const EPOCHS = '$epochs';

/** What may be lost because fewer members promised than an acknowledged write is sure to be on. */
export interface LossAccepted {
  /** Where the new epoch goes on; what was written behind it elsewhere is lost. */
  readonly after: string;
  /** The newest offset that is known to have been written; null where nobody who answered knows more. */
  readonly upTo: number | null;
  /** Members that may have more, and those that did not answer may take writes until they learn of the new epoch. */
  readonly members: readonly string[];
}

/** How an epoch began. The first one of a log has none: it begins with the log. */
export interface EpochDocument {
  readonly epoch: Epoch;
  readonly node: string;
  readonly reason: 'promoted' | 'restored';
  /** Where the log ended before it. */
  readonly after: string;
  readonly mayBeLost?: LossAccepted;
}

/** A counter that a node has promised to one candidate: from then on it takes nothing of a lower epoch. */
export interface EpochPromise {
  readonly counter: number;
  readonly to: string;
}

/**
 * All that a node has promised. One may be given back while another, of a lower counter, is still owed to a candidate that has
 * counted it.
 */
export interface EpochPromises {
  /** The highest counter that was ever promised: none that is not above it is promised again. */
  readonly spent: number;
  readonly outstanding: readonly EpochPromise[];
}

const epochSpanSchema = z.object({ epoch: z.string(), offsetFirst: z.int().positive() });
const promiseSchema = z.object({ counter: z.int().positive(), to: z.string() });

/** What a member says of itself when another asks it at its own address: `GET /v1/member`. */
export const memberSchema = z.object({
  node: z.string(),
  /** Another one each time it is started: two that have one id are told apart by it. */
  instance: z.string(),
  log: z.string().nullable(),
  role: z.enum(ROLES),
  history: z.array(epochSpanSchema),
  position: z.string(),
  promised: z.object({ spent: z.int().nonnegative(), outstanding: z.array(promiseSchema).readonly() }),
  /** An epoch of the counter that it leads with itself, for which it writes nothing. */
  rival: z.string().nullable(),
  /** The counter it asks the others to promise to it, while it does. */
  asking: z.int().positive().nullable(),
  min_replicas: z.int().nonnegative(),
  /** Why it may not be promoted as it is; null when it may. */
  unfit: z.string().nullable(),
});

export type MemberAnswer = z.infer<typeof memberSchema>;
