import { z } from 'zod';
import { ROLES } from './wire.ts';

/** The body of /healthz on every role. Times are ISO 8601; null means "not known", never zero. */
export const healthSchema = z.object({
  healthy: z.boolean(),
  role: z.enum(ROLES),
  lag_seconds: z.number().nonnegative().nullable(),
  lag_changes: z.int().nonnegative().nullable(),
  last_sync: z.string().nullable(),
  last_change_id: z.int().nonnegative(),
  changes_applied: z.int().nonnegative(),
  connected: z.boolean(),
  outbox_drift: z.int().nonnegative().nullable(),
  error_count: z.int().nonnegative(),
  last_error: z.string().nullable(),
  error: z.string().nullable(),
});

export type Health = z.infer<typeof healthSchema>;
