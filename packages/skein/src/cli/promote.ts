import { Command } from 'commander';
import { z } from 'zod';
import { askNode, detailOf } from './ask-node.ts';
import { CommandError } from './command-error.ts';

/** A node gives up a connection on which nothing moves for longer; what it is asked for goes on. */
const TIMEOUT_MS = 70_000;

const doneSchema = z.object({
  epoch: z.string(),
  offset: z.number(),
  promises: z.number(),
  members: z.number(),
  mayBeLost: z.object({ after: z.string(), upTo: z.number().nullable(), members: z.array(z.string()) }).nullable(),
});

interface PromoteOptions {
  readonly from?: string;
  readonly acceptLoss?: boolean;
  readonly json?: boolean;
}

/** Has a node lead. */
export function promoteCommand(): Command {
  return new Command('promote')
    .description('Have a member lead: it takes over from the leader, or in the place of one that is gone.')
    .argument('<url>', 'address of the member that is to lead')
    .option('--from <url>', 'only if the leader at this address hands over')
    .option('--accept-loss', 'also with too few promises, though writes that were acknowledged may be lost')
    .option('--json', 'print what the node answered')
    .action(async (url: string, { from, acceptLoss = false, json }: PromoteOptions) => {
      const body = JSON.stringify({ acceptLoss, ...(from === undefined ? {} : { from: originOf(from) }) });
      const answer = await askNode(url, { method: 'POST', path: '/v1/admin/promote', body, timeoutMs: TIMEOUT_MS });
      if (json === true) process.stdout.write(`${JSON.stringify(answer.json, null, 2)}\n`);
      if (answer.status !== 200) throw new CommandError('failed', detailOf(answer));
      if (json !== true) process.stdout.write(sentence(url, doneSchema.parse(answer.json)));
    });
}

function originOf(address: string): string {
  const url = URL.parse(address);
  if (url === null) throw new CommandError('usage', `${address} is not the address of a node`);
  return url.origin;
}

function sentence(url: string, { epoch, offset, promises, members, mayBeLost }: z.infer<typeof doneSchema>): string {
  const led = `${url} leads with epoch ${epoch} from offset ${offset} on, promised by ${promises} of ${members} members\n`;
  if (mayBeLost === null) return led;
  const upTo = mayBeLost.upTo === null ? '' : `, at least up to ${mayBeLost.upTo}`;
  return `${led}what ${mayBeLost.members.join(', ')} wrote behind ${mayBeLost.after}${upTo} may be lost; rescue files will have it\n`;
}
