import { formatPosition, LIMITS, MEDIA_TYPES } from '@skein/protocol';
import type { SloWatch } from '../operations/slo-watch.ts';
import { requireBounds, type ServedNode } from '../node.ts';
import { Turns } from '../turns.ts';
import { compressed } from './content-encoding.ts';
import { encodePage, EVENT_BYTES_MAX, type EncodedPage } from './encode-page.ts';
import { KeptPages } from './kept-pages.ts';
import { pageKeyText, type PageKey } from './page-key.ts';
import { refusalOf } from './refusal.ts';

/** A filtered page looks at this many changes before it answers that it found nothing. */
const SCANNED_CHANGES_MAX = LIMITS.pageLimitMax;

/** What made pages may take up, all together; each is about 4 MiB at most. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;

/** Smaller pages are sent as they are. */
const COMPRESSED_BYTES_MIN = 1024;

/** The threads that compress are those that write to the disk: only so many do. */
const COMPRESSING_MAX = 2;
/** With so many pages under way the next is sent as it is: that is what costs the node least. */
const COMPRESSING_OR_WAITING_MAX = 16;

/**
 * Makes pages, each once: readers that ask for the same one share it, while it is being made and until the head moves, so
 * that a thousand readers woken by one commit cost one read and one encoding, and a thousand that come back at once cost one
 * for each place they are at. A page that is wanted compressed is another one, made of the first.
 */
export class PageSource {
  readonly #node: ServedNode;
  readonly #slo: SloWatch;
  readonly #pages = new KeptPages(KEPT_BYTES_MAX);
  readonly #turns = new Turns(COMPRESSING_MAX, COMPRESSING_OR_WAITING_MAX);
  #made = 0;
  #compressed = 0;
  #compressing = 0;

  constructor(node: ServedNode, slo: SloWatch) {
    this.#node = node;
    this.#slo = slo;
    node.store.subscribe(() => this.#pages.clear(), node.stopping);
  }

  /** How many pages were read and encoded; shared ones count once. */
  get made(): number {
    return this.#made;
  }

  /** How many of them were compressed; shared ones count once for each encoding. */
  get compressed(): number {
    return this.#compressed;
  }

  page(key: PageKey): Promise<EncodedPage> {
    // A page names head and tail: with another one it is another page, also when nobody clears them any more, at the end.
    const { head, tail } = this.#node.store.facts;
    const text = `${formatPosition(head)} ${tail} ${pageKeyText(key)}`;
    const shared = this.#pages.get(text);
    if (shared !== undefined) return shared;
    const page = key.encoding === 'identity' ? this.#make(key) : this.#compress(key, key.encoding);
    this.#pages.add(text, page);
    return page;
  }

  async #compress(key: PageKey, encoding: Exclude<PageKey['encoding'], 'identity'>): Promise<EncodedPage> {
    const page = await this.page({ ...key, encoding: 'identity' });
    if (page.body.length < COMPRESSED_BYTES_MIN || this.#compressing === COMPRESSING_OR_WAITING_MAX) return page;
    this.#compressing++;
    try {
      const body = await this.#turns.take(() => compressed(encoding, page.body));
      this.#compressed++;
      return { ...page, encoding, body };
    } finally {
      this.#compressing--;
    }
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
    const isEvents = key.format === MEDIA_TYPES.events && key.filter === undefined;
    const bytesMax = isEvents ? EVENT_BYTES_MAX : LIMITS.pageBytesMax;
    const slice = await store.readLog(key.from.offset, { changesMax, bytesMax });
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
