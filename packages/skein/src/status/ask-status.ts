import { request } from 'undici';
import { z } from 'zod';
import { reasonOf } from '../cli/ask-node.ts';

const TIMEOUT_MS = 5000;

const copySchema = z.object({
  step: z.string(),
  documents: z.number(),
  documents_total: z.number().nullable(),
  seconds_left: z.number().nullable(),
});

const statusSchema = z.looseObject({
  role: z.string(),
  node: z.string(),
  log: z.string().nullable(),
  epoch: z.string().nullable(),
  state: z.string(),
  store: z.string(),
  healthy: z.boolean().optional(),
  error: z.string().nullish(),
  position: z.string(),
  tail: z.number(),
  lag: z.object({ changes: z.number().nullable(), seconds: z.number().nullable() }),
  followers: z.array(
    z.object({
      id: z.string(),
      applied: z.string(),
      lag_changes: z.number(),
      seen_seconds_ago: z.number().nullable(),
      state: z.string(),
      refusal: z.string().nullish(),
    }),
  ),
  leadership: z
    .looseObject({
      min_replicas: z.number(),
      promised: z.object({ outstanding: z.array(z.object({ counter: z.number(), to: z.string() })) }),
      rival: z.string().nullable(),
      unfit: z.string().nullable(),
      peers: z.array(z.looseObject({ url: z.string() })),
    })
    .optional(),
  mesh: z
    .object({
      peers: z.array(
        z.object({
          url: z.string(),
          node: z.string().nullable(),
          connected: z.boolean(),
          cursor: z.string(),
          gap: z.string().nullable(),
          lag_changes: z.number().nullable(),
          refused: z.string().nullable(),
          last_error: z.string().nullable(),
          compared_at: z.string().nullable(),
          compared_differing: z.number().nullable(),
        }),
      ),
    })
    .optional(),
  leader: z.object({ url: z.string().nullable(), path: z.array(z.string()).nullish() }).optional(),
  replication: z
    .object({
      phase: z.string(),
      connected: z.boolean(),
      last_error: z.string().nullable(),
      recovery: z.object({ copy: copySchema.nullable() }).nullish(),
    })
    .optional(),
});

export type Status = z.infer<typeof statusSchema>;

/** What a node said of itself, or why there is nothing of it. */
export type Answer =
  | { readonly url: string; readonly status: Status }
  | { readonly url: string; readonly problem: string };

export async function askStatus(url: string): Promise<Answer> {
  try {
    const { statusCode, body } = await request(new URL('/v1/status', url), {
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
    const text = await body.text();
    if (statusCode !== 200) return { url, problem: `answered HTTP ${statusCode}` };
    return { url, status: statusSchema.parse(JSON.parse(text)) };
  } catch (error) {
    return { url, problem: error instanceof z.ZodError ? 'is not a Skein node' : reasonOf(error) };
  }
}

/** A node of an earlier version does not say. */
export function isUnwell({ healthy }: Status): boolean {
  return healthy === false;
}
