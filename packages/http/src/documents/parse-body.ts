import { SkeinError } from '@skein/protocol';
import type { z } from 'zod';

/** A parsed body in the shape a route needs; all that is wrong with it is listed in the refusal. */
export function parseBody<Shape>(schema: z.ZodType<Shape>, body: unknown): Shape {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const first = errors[0]!;
  throw new SkeinError('bad_body', first.path === '' ? first.message : `${first.path}: ${first.message}`, {
    errors: errors.slice(0, 20),
  });
}
