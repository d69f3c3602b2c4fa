import { askNode, detailOf, type NodeQuestion } from '../cli/ask-node.ts';
import { CommandError } from '../cli/command-error.ts';
import type { LoadPlan } from './load-plan.ts';
import { RequestMaker } from './requests.ts';

const AT_ONCE = 1000;
const TIMEOUT_MS = 60_000;

/** Writes the documents that are to be read. */
export async function putOwnDocuments(plan: LoadPlan): Promise<void> {
  const maker = new RequestMaker(plan);
  for (let first = 0; first < plan.keys; first += AT_ONCE) {
    const { path, headers, body } = maker.bulk(first, Math.min(AT_ONCE, plan.keys - first));
    await ask(plan, { method: 'POST', path, headers, body: body! });
  }
}

/** Deletes what this run has written, and nothing else, in whatever collection it is. */
export async function deleteOwnDocuments(plan: LoadPlan): Promise<void> {
  const { collection, prefix } = plan;
  const path = `/v1/collections/${collection}?prefix=${prefix}&limit=${AT_ONCE}`;
  for (;;) {
    const { documents } = (await ask(plan, { path })) as { readonly documents: readonly { readonly key: string }[] };
    if (documents.length === 0) return;
    const operations = documents.map(({ key }) => ({ op: 'delete', collection, key }));
    await ask(plan, { method: 'POST', path: '/v1/transactions', body: JSON.stringify({ operations }) });
  }
}

async function ask({ url }: LoadPlan, question: NodeQuestion): Promise<unknown> {
  // A follower is asked for what the leader has: it has just been written there.
  const headers = { prefer: 'max-staleness=0', ...question.headers };
  const answer = await askNode(url, { ...question, headers, timeoutMs: TIMEOUT_MS });
  if (answer.status >= 300) throw new CommandError('failed', `${url}: ${detailOf(answer)}`);
  return answer.json;
}
