import { Client } from 'undici';
import { observe, type Observation } from './observe.ts';
import { given, machineMs, say } from './stage-hand.ts';

/**
 * A reader of a node's feed by long poll, which notes when it could first have read each change: when the page that holds
 * it has arrived whole.
 */

interface Given {
  readonly url: string;
}

const { url } = given() as Given;
const client = new Client(url);

async function follow({ isEnding, see }: Observation): Promise<void> {
  let since = 'now';
  while (!isEnding()) {
    // The first answer is at once, and says where the feed stands.
    const wait = since === 'now' ? 0 : 10;
    const { statusCode, headers, body } = await client.request({
      method: 'GET',
      path: `/v1/changes?since=${since}&wait=${wait}`,
    });
    await body.arrayBuffer();
    const at = machineMs();
    if (statusCode !== 200) throw new Error(`the feed answered ${statusCode}`);
    if (since === 'now') say('reading');
    since = String(headers['skein-next']);
    see({ offset: Number.parseInt(since, 10), at });
  }
}

await observe(client, follow);
