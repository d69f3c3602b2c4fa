// A service with its data in its own process: an embedded follower keeps a full copy, reads cost no network.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFollower, startLeader } from 'skein';

const data = await mkdtemp(join(tmpdir(), 'skein-embedded-'));
// The leader would run elsewhere; it is here so that this example stands alone.
const leader = await startLeader({ data: join(data, 'leader'), port: 0 });
const follower = await startFollower({ leader: leader.url, data: join(data, 'follower'), port: 0 });

// The service: GET /NAME answers the price of a thing, from the local copy.
const prices = follower.collection('prices');
const service = createServer((request, response) => {
  prices.get(request.url.slice(1)).then(
    (price) => response.writeHead(price === undefined ? 404 : 200).end(JSON.stringify(price?.value ?? null)),
    () => response.writeHead(500).end(),
  );
});
service.listen(0, '127.0.0.1');
await once(service, 'listening');
const ask = async (name) => (await fetch(`http://127.0.0.1:${service.address().port}/${name}`)).json();

// The follower's own feed tells the service what has changed; each page says where the next one begins.
async function* changesOf(collection) {
  for (let since = '0'; ;) {
    const answer = await fetch(`${follower.url}/v1/changes?since=${since}&collections=${collection}&wait=25`);
    if (answer.status === 503) {
      // Until it has heard from its leader, a follower has no log to tell of.
      await sleep(100);
      continue;
    }
    const page = await answer.json();
    yield* page.changes;
    since = page.next;
  }
}

const feed = changesOf('prices');
async function tellNextChange() {
  const { value: change } = await feed.next();
  console.log(`${change.op} of ${change.key}: the service now answers ${JSON.stringify(await ask(change.key))}`);
}

const truth = leader.collection('prices');
await truth.put('tea', 3);
await tellNextChange();
await truth.put('coffee', { small: 2, large: 4 });
await tellNextChange();
await truth.delete('tea');
await tellNextChange();

service.close();
await follower.close();
await leader.close();
await rm(data, { recursive: true });
console.log('stopped');
