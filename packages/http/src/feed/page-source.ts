import { LIMITS } from '@skein/protocol';
import type { SloWatch } from '../operations/slo-watch.ts';
import { requireBounds, type ServedNode } from '../node.ts';
import { encodePage, type EncodedPage } from './encode-page.ts';
import { pageKeyText, type PageKey } from './page-key.ts';
import { refusalOf } from './refusal.ts';

/** A filtered page looks at this many changes before it answers that it found nothing. */
const SCANNED_CHANGES_MAX = LIMITS.pageLimitMax;

/**
 * Makes pages, each once: readers that ask for the same one while it is being made share the promise, and a page that
 * reaches the head is kept until the head moves, so that a thousand readers woken by one commit cost one read and one
 * encoding.
 */
export class PageSource {
  readonly #node: ServedNode;
  readonly #slo: SloWatch;
  readonly #pages = new Map<string, Promise<EncodedPage>>();
  #made = 0;

  constructor(node: ServedNode, slo: SloWatch) {
    this.#node = node;
    this.#slo = slo;
    node.store.subscribe(() => this.#pages.clear());
  }

  /** How many pages were read and encoded; shared ones count once. */
  get made(): number {
    return this.#made;
  }

  page(key: PageKey): Promise<EncodedPage> {
    const text = pageKeyText(key);
    const shared = this.#pages.get(text);
    if (shared !== undefined) return shared;
    const page = this.#make(key);
    this.#pages.set(text, page);
    const drop = (): void => {
      if (this.#pages.get(text) === page) this.#pages.delete(text);
    };
    page.then(({ facts }) => !facts.upToDate && drop(), drop);
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
