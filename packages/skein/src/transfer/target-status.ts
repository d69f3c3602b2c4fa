import { z } from 'zod';
import { askNode, detailOf } from '../cli/ask-node.ts';
import { CommandError } from '../cli/command-error.ts';

const statusSchema = z.looseObject({ log: z.string().nullable(), position: z.string() });

/** Which log a node has, and where it is. */
export async function statusOf(url: string): Promise<z.infer<typeof statusSchema>> {
  const answer = await askNode(url, { path: '/v1/status' });
  if (answer.status !== 200) throw new CommandError('unavailable', `${url}: ${detailOf(answer)}`);
  const { success, data } = statusSchema.safeParse(answer.json);
  if (!success) throw new CommandError('unavailable', `${url} is not a Skein node`);
  return data;
}
