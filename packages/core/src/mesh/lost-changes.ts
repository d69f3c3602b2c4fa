import { formatPlacedStamp, LIMITS, type JsonText, type Stamp } from '@skein/protocol';
import type { Lost } from './plan-merge.ts';

const REMEMBERED_MAX = 10_000;
const KEPT_PER_DOCUMENT = 10;

/** Counts what was lost, each once: the same change comes on every way there is. */
export class LostChanges {
  readonly #remembered = new Set<string>();

  /** How many of these are counted now for the first time. */
  count(lost: readonly LostOf[]): number {
    let counted = 0;
    for (const { place, stamp } of lost) {
      const name = `${place} ${formatPlacedStamp(stamp)}`;
      if (this.#remembered.has(name)) continue;
      this.#remembered.add(name);
      counted++;
      if (this.#remembered.size > REMEMBERED_MAX) this.#remembered.delete(this.#remembered.values().next().value!);
    }
    return counted;
  }
}

/** And of which document. */
export interface LostOf extends Lost {
  readonly place: string;
}

interface KeptLoss {
  readonly node: string;
  readonly ms: number;
  readonly value?: unknown;
  readonly deleted?: true;
}

/**
 * The document of `$conflicts` with one more loss in it, the newest first; undefined where it has that one already. What is too
 * much for one document is left out, oldest first.
 */
export function withLoss(kept: JsonText | undefined, { stamp, valueText }: Lost): JsonText | undefined {
  const before = kept === undefined ? [] : (JSON.parse(kept) as { readonly lost: readonly KeptLoss[] }).lost;
  if (before.some((loss) => isOf(loss, stamp))) return undefined;
  const loss = { node: stamp.node, ms: stamp.ms };
  const texts = [
    valueText === null
      ? JSON.stringify({ ...loss, deleted: true })
      : `${JSON.stringify(loss).slice(0, -1)},"value":${valueText}}`,
    ...before.map((one) => JSON.stringify(one)),
  ].slice(0, KEPT_PER_DOCUMENT);
  let bytes = Buffer.byteLength('{"lost":[]}');
  const fitting = texts.filter((text) => (bytes += Buffer.byteLength(text) + 1) <= LIMITS.valueBytesMaxDefault);
  return `{"lost":[${fitting.join(',')}]}`;
}

function isOf({ node, ms }: KeptLoss, stamp: Stamp): boolean {
  return node === stamp.node && ms === stamp.ms;
}
