// Follows the change feed with nothing but fetch, and keeps its place in a file: stop it, start it, it goes on.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const leader = process.env.LEADER ?? 'http://127.0.0.1:7400';
const place = process.env.PLACE ?? './position';

/** The leader has no such position: going on would hide a loss, so a person has to look. */
const LOST = new Set([400, 409, 410]);

let since = await readFile(place, 'utf8').catch(() => '0');
console.log(since === '0' ? 'from the beginning' : `from behind ${since}`);
for (;;) {
  const page = await nextPage();
  for (const { offset, op, collection, key, value } of page.changes) {
    console.log(`${offset} ${op} ${collection}/${key} ${value === undefined ? '' : JSON.stringify(value)}`.trimEnd());
  }
  // Only now: what is printed twice after a crash does no harm, what is never printed would.
  if (page.next !== since) await keep(page.next);
  since = page.next;
}

/** The page behind `since`; while the leader is away, the same question again. */
async function nextPage() {
  for (;;) {
    try {
      const answer = await fetch(`${leader}/v1/changes?since=${since}&wait=25`, {
        signal: AbortSignal.timeout(40_000),
      });
      if (answer.ok) return await answer.json();
      const { code, detail } = await answer.json();
      if (LOST.has(answer.status)) {
        console.error(`${code}: ${detail}`);
        process.exit(1);
      }
    } catch {
      // Not there, or gone in the middle of an answer.
    }
    await sleep(500);
  }
}

/** Replaces the file in one step, so that a crash leaves the old place or the new one. */
async function keep(position) {
  await writeFile(`${place}.new`, position);
  await rename(`${place}.new`, place);
}
