import { Client } from 'undici';
import { observe, type Observation } from './observe.ts';
import { given, machineMs, say } from './stage-hand.ts';

/**
 * A reader of a node's stream of events, which notes when it could first have read each change: when the id behind it has
 * arrived. A run is shorter than a stream, so it need not come back.
 */

interface Given {
  readonly url: string;
}

const { url } = given() as Given;
const client = new Client(url, { bodyTimeout: 0 });

async function follow({ isEnding, see }: Observation): Promise<void> {
  const headers = { accept: 'text/event-stream' };
  const { statusCode, body } = await client.request({ method: 'GET', path: '/v1/changes?since=now', headers });
  if (statusCode !== 200) throw new Error(`the feed answered ${statusCode}`);
  let rest = '';
  let hasBegun = false;
  body.setEncoding('latin1');
  for await (const chunk of body) {
    const at = machineMs();
    rest += chunk as string;
    const end = rest.lastIndexOf('\n\n');
    const idAt = end === -1 ? -1 : rest.lastIndexOf('\nid: ', end);
    if (idAt === -1) continue;
    if (!hasBegun) say('reading');
    hasBegun = true;
    see({ offset: Number.parseInt(rest.slice(idAt + '\nid: '.length, end), 10), at });
    rest = rest.slice(end);
  }
  if (!isEnding()) throw new Error('the stream ended before the run');
}

await observe(client, follow);
