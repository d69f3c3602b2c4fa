import { z } from 'zod';

const text = z.string();
const count = z.int().nonnegative();
const merged = z.object({ taken: count, known: count, passed_over: count });

const peer = z.object({
  url: text,
  node: text.nullable(),
  connected: z.boolean(),
  log: text.nullable(),
  cursor: text,
  gap: text.nullable(),
  lag_changes: count.nullable(),
  lag_seconds: z.number().nonnegative().nullable(),
  circuit: z.enum(['closed', 'half-open', 'open']),
  refused: text.nullable(),
  last_error: text.nullable(),
  compared_at: z.iso.datetime().nullable(),
  compared_differing: count.nullable(),
  compare_error: text.nullable(),
});

/** Of a node of a mesh: whom it hears, and what has become of what it heard. */
export const meshStatusAnswer = z.object({
  incarnation: text.nullable(),
  clock_ahead_ms: count,
  peers: z.array(peer),
  merged: z.object({ feed: merged, broker: merged, submitted: merged, repair: merged }),
  conflicts: count,
  quarantined: z.object({
    count,
    last: z.object({ node: text, ahead_ms: count, at: z.iso.datetime() }).nullable(),
  }),
  tombstones: z.object({ count: count.nullable(), dropped: count, waiting_for: z.array(text) }),
});

export const heardEvents = z.object({
  taken: count,
  duplicate: count,
  own: count,
  dropped: count,
  unsealed: count,
  malformed: count,
  schema: count,
  size_limit: count,
  waiting: count,
  gaps: count,
  missing: count,
});
