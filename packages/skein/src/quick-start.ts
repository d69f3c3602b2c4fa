import closeWithGrace from 'close-with-grace';
import { CommandError } from './cli/command-error.ts';
import { createLogger } from './logger.ts';
import { startFollower } from './start-follower.ts';
import type { RunningNode } from './running-node.ts';
import { startLeader } from './start-leader.ts';

/** What `npm start` does: one leader, one follower, three lines to try, Ctrl-C. */
export async function startQuickly(): Promise<void> {
  const nodes: RunningNode[] = [];
  const stop = async (): Promise<void> => {
    // The follower first, so that it does not complain of a leader that has gone.
    for (const node of nodes.toReversed()) await node.close();
  };
  try {
    const logger = await createLogger('warn');
    nodes.push(await startLeader({ data: './skein-data/leader', nodeId: 'leader-1', logger }));
    nodes.push(
      await startFollower({ leader: nodes[0]!.url, data: './skein-data/follower', nodeId: 'follower-1', logger }),
    );
  } catch (error) {
    await stop();
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(`skein: ${error.message}\n`);
    process.exitCode = error.exitCode;
    return;
  }
  process.stdout.write(banner(nodes[0]!.url, nodes[1]!.url));
  closeWithGrace({ delay: 10_000 }, async ({ err }) => {
    if (err !== undefined) process.stderr.write(`${err.stack ?? err.message}\n`);
    await stop();
    process.stdout.write('\nstopped\n');
  });
}

function banner(leader: string, follower: string): string {
  return `
  leader    ${leader}
  follower  ${follower}
  data      ./skein-data

  Try, in another terminal:

    curl -X PUT ${leader}/v1/collections/orders/o-1 -H 'content-type: application/json' -d '{"total":42}'
    curl ${follower}/v1/collections/orders/o-1
    curl '${leader}/v1/changes?since=0'

  Ctrl-C stops both.
`;
}
