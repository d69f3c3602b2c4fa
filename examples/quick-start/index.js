// A leader and a follower in one process: write to one, read from the other.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFollower, startLeader } from 'skein';

const data = await mkdtemp(join(tmpdir(), 'skein-quick-start-'));
const leader = await startLeader({ data: join(data, 'leader'), port: 0 });
const follower = await startFollower({ leader: leader.url, data: join(data, 'follower'), port: 0 });

// Every write answers the position it has in the log.
const written = await fetch(`${leader.url}/v1/collections/orders/o-1`, {
  method: 'PUT',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ total: 42 }),
});
const position = written.headers.get('skein-position');
console.log(`the leader answered ${written.status}`);

// A read that names the position waits until the follower has it.
const read = await fetch(`${follower.url}/v1/collections/orders/o-1`, { headers: { 'skein-min-position': position } });
console.log('the follower answered', await read.json());

// In the same process there is no need for HTTP.
const order = await follower.collection('orders').get('o-1');
console.log('read from its own copy', order.value);

await follower.close();
await leader.close();
await rm(data, { recursive: true });
console.log('stopped');
