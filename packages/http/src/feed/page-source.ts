import { formatPosition, LIMITS } from '@skein/protocol';
import type { SloWatch } from '../operations/slo-watch.ts';
import { requireBounds, type ServedNode } from '../node.ts';
import { encodePage, type EncodedPage } from './encode-page.ts';
import { KeptPages } from './kept-pages.ts';
import { pageKeyText, type PageKey } from './page-key.ts';
import { refusalOf } from './refusal.ts';

/** A filtered page looks at this many changes before it answers that it found nothing. */
const SCANNED_CHANGES_MAX = LIMITS.pageLimitMax;

/** What made pages may take up, all together; each is about 4 MiB at most. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;

/**
 * Makes pages, each once: readers that ask for the same one share it, while it is being made and until the head moves, so
 * that a thousand readers woken by one commit cost one read and one encoding, and a thousand that come back at once cost one
 * for each place they are at.
 */
export class PageSource {
  readonly #node: ServedNode;
  readonly #slo: SloWatch;
  readonly #pages = new KeptPages(KEPT_BYTES_MAX);
  #made = 0;

  constructor(node: ServedNode, slo: SloWatch) {
    this.#node = node;
    this.#slo = slo;
    node.store.subscribe(() => this.#pages.clear(), node.stopping);
  }

  /** How many pages were read and encoded; shared ones count once. */
  get made(): number {
    return this.#made;
  }

  page(key: PageKey): Promise<EncodedPage> {
    // A page names head and tail: with another one it is another page, also when nobody clears them any more, at the end.
    const { head, tail } = this.#node.store.facts;
    const text = `${formatPosition(head)} ${tail} ${pageKeyText(key)}`;
    const shared = this.#pages.get(text);
    if (shared !== undefined) return shared;
    const page = this.#make(key);
    this.#pages.add(text, page);
    return page;
  }

  async #make(key: PageKey): Promise<EncodedPage> {
    this.#made++;
    const { clock } = this.#node;
    const startedAt = clock.now();
    const page = await this.#read(key);
    this.#slo.observe('page_read', clock.now() - startedAt);
    return page;
  }

  async #read(key: PageKey): Promise<EncodedPage> {
    const { store } = this.#node;
    const { headTs } = store.facts;
    const { log, history, head, tail } = requireBounds(this.#node);
    const changesMax = key.filter === undefined ? key.limit : SCANNED_CHANGES_MAX;
    const slice = await store.readLog(key.from.offset, { changesMax, bytesMax: LIMITS.pageBytesMax });
    // The log may have been trimmed since the reader was told that it has a place on it.
    const first = slice.records[0];
    if (first !== undefined && first.offsetFirst > key.from.offset + 1)
      throw refusalOf({ kind: 'compacted' }, requireBounds(this.#node));
    // What was committed during the read is beyond the head this page names, so it is not of this page.
    const records = slice.records.filter(({ offsetLast }) => offsetLast <= head.offset);
    return encodePage(
      key,
      { ...slice, records },
      {
        log,
        epoch: history.at(-1)!.epoch,
        head: { offset: head.offset, ts: headTs },
        tail,
      },
    );
  }
}
