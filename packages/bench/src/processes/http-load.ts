import autocannon from 'autocannon';
import { COLLECTION, documentText, keyOf, Random } from '../documents.ts';
import { given, sayLast } from './stage-hand.ts';

/** The HTTP load: autocannon, closed loop, every connection with documents of its own. */

interface Given {
  readonly url: string;
  readonly method: 'GET' | 'PUT';
  readonly connections: number;
  readonly seconds: number;
}

/** What one load came to. */
export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How much CPU the load itself took; near one core it is the load that was measured. */
  readonly cores: number;
}

const DOCUMENTS_PER_CONNECTION = 100;

const { url, method, connections, seconds } = given() as Given;
const body = documentText(1, new Random(1));
let connection = 0;
const cpuBefore = process.cpuUsage();
const result = await autocannon({
  url,
  connections,
  duration: seconds,
  setupClient: (client) => {
    const first = connection++ * DOCUMENTS_PER_CONNECTION;
    const requests = Array.from({ length: DOCUMENTS_PER_CONNECTION }, (_, i) => ({
      method,
      path: `/v1/collections/${COLLECTION}/${keyOf(first + i)}`,
      ...(method === 'PUT' ? { body, headers: { 'content-type': 'application/json' } } : {}),
    }));
    client.setRequests(requests);
  },
});
const { user, system } = process.cpuUsage(cpuBefore);
if (result.errors + result.non2xx > 0) throw new Error(`${result.errors} errors, ${result.non2xx} refusals`);
const load: LoadResult = {
  perSecond: result['2xx'] / result.duration,
  p50Ms: result.latency.p50,
  p99Ms: result.latency.p99,
  cores: (user + system) / 1e6 / result.duration,
};
sayLast(load);
