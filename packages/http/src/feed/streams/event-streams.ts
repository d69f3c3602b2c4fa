import type { Readable } from 'node:stream';
import { bareId, LIMITS, MEDIA_TYPES, SkeinError, START, type Position } from '@skein/protocol';
import { planPage, streamDuty, streamLifeMs } from '@skein/replication';
import type { FastifyBaseLogger, FastifyReply } from 'fastify';
import { requireBounds, type ServedNode } from '../../node.ts';
import { toSkeinError } from '../../problem.ts';
import type { EncodedPage } from '../encode-page.ts';
import type { FeedRequest } from '../feed-request.ts';
import { startingPosition } from '../feed-start.ts';
import type { Selected } from '../page-key.ts';
import type { PageSource } from '../page-source.ts';
import { heldAt, refusalOf } from '../refusal.ts';
import { EventStream } from './event-stream.ts';
import { endingRetry, farewellOf, openingRetry } from './farewell.ts';

/** More connections than this are for other nodes. */
const STREAMS_MAX = 10_000;

/** How often the streams are looked at. */
const LOOK_MS = 1000;

type Connection = FastifyReply['raw'];

export interface StreamParts {
  readonly node: ServedNode;
  readonly pages: PageSource;
  readonly logger?: FastifyBaseLogger | undefined;
}

/**
 * All event streams of a node. Those that are at one place want the same next, so they are served together: one plan, one page,
 * and the same bytes to each of them. Whoever has all there is rests, and costs nothing until there is news; one look a
 * second at all of them is every timer there is.
 */
export class EventStreams {
  readonly #parts: StreamParts;
  readonly #streams = new Map<EventStream, Connection>();
  /** They have all there is, as far as they have been told. */
  readonly #resting = new Set<EventStream>();
  /** They can be sent more. */
  #due = new Set<EventStream>();
  /** What they are to be sent is being read. */
  readonly #served = new Set<EventStream>();
  /** Counts what has become durable here: what was so before may not be so now. */
  #news = 0;
  #isLooking = false;
  #cut = 0;

  constructor(parts: StreamParts) {
    this.#parts = parts;
    const { store, stopping } = parts.node;
    store.subscribe(() => this.#wake(), stopping);
    stopping.addEventListener('abort', () => this.#stop());
  }

  get open(): number {
    return this.#streams.size;
  }

  /** How many were ended because their readers did not take what they were sent. */
  get cut(): number {
    return this.#cut;
  }

  /** For a reader on a connection; one that has lost its place is told so by its only event. */
  async begin(connection: Connection, request: FeedRequest): Promise<Readable> {
    const { node } = this.#parts;
    if (this.#streams.size >= STREAMS_MAX)
      throw new SkeinError('overloaded', 'too many event streams are open already', { retryAfterSeconds: 5 });
    try {
      const position = await startingPosition(node, request);
      const stream = this.#add(connection, request, position);
      // Named first, so that whoever began with `now` or a time knows where that was, should nothing else reach it.
      stream.begin(`${openingRetry(node.random)}${bareId(position)}`);
      if (node.stopping.aborted) this.#end(stream);
      return stream;
    } catch (error) {
      const farewell = farewellOf(error, node.role, node.random);
      if (farewell === undefined) throw error;
      const stream = this.#add(connection, request, START);
      stream.finish(farewell);
      return stream;
    }
  }

  #add(connection: Connection, { filter, fields }: Selected, position: Position): EventStream {
    const { clock, random } = this.#parts.node;
    const stream: EventStream = new EventStream({
      clock,
      selected: { filter, fields },
      position,
      endsAtMs: clock.now() + streamLifeMs(random()),
      onTaken: () => this.#isReady(stream),
    });
    // Whoever has left meanwhile is never heard of again.
    if (connection.destroyed) return stream;
    this.#streams.set(stream, connection);
    connection.once('close', () => {
      this.#streams.delete(stream);
      for (const set of [this.#resting, this.#due, this.#served]) set.delete(stream);
    });
    if (!this.#isLooking) void this.#look();
    return stream;
  }

  /** All that it was sent has been taken, or there may be more for it. */
  #isReady(stream: EventStream): void {
    this.#resting.delete(stream);
    if (stream.isOver || this.#served.has(stream)) return;
    this.#due.add(stream);
    if (this.#due.size === 1) queueMicrotask(() => this.#serveAll());
  }

  #wake(): void {
    this.#news++;
    for (const stream of this.#resting) this.#isReady(stream);
  }

  #serveAll(): void {
    const groups = new Map<string, EventStream[]>();
    for (const stream of this.#due) {
      this.#served.add(stream);
      const group = groups.get(stream.place);
      if (group === undefined) groups.set(stream.place, [stream]);
      else group.push(stream);
    }
    this.#due = new Set();
    for (const group of groups.values()) void this.#serve(group);
  }

  /** Gives streams that are at one place what is behind it, or lets them rest. */
  async #serve(streams: readonly EventStream[]): Promise<void> {
    const [{ selected, position }] = streams as [EventStream];
    let from = position;
    try {
      while (streams.some((stream) => !stream.isOver)) {
        const news = this.#news;
        const page = await this.#pageBehind(from, selected);
        if (page === undefined && news !== this.#news) continue;
        if (page === undefined) return this.#rest(streams);
        if (page.changes > 0) this.#letGo(streams);
        for (const stream of streams) stream.go(page);
        if (page.changes > 0) return;
        from = page.facts.next;
      }
    } catch (error) {
      this.#failed(streams, error);
    }
  }

  async #pageBehind(position: Position, selected: Selected): Promise<EncodedPage | undefined> {
    const { node, pages } = this.#parts;
    const since = { kind: 'position', position } as const;
    const bounds = requireBounds(node);
    const plan = planPage({ since, mayWait: true }, bounds, await heldAt(node, since, bounds));
    if (plan.kind === 'wait') return undefined;
    if (plan.kind !== 'page') throw refusalOf(plan, bounds);
    const what = { format: MEDIA_TYPES.events, encoding: 'identity', limit: LIMITS.pageLimitDefault } as const;
    return pages.page({ ...selected, ...what, since: position, from: position });
  }

  #letGo(streams: readonly EventStream[]): void {
    for (const stream of streams) this.#served.delete(stream);
  }

  #rest(streams: readonly EventStream[]): void {
    this.#letGo(streams);
    for (const stream of streams) if (!stream.isOver) this.#resting.add(stream);
  }

  #failed(streams: readonly EventStream[], thrown: unknown): void {
    const { node, logger } = this.#parts;
    const error = toSkeinError(thrown);
    // The log cannot be read just now. They are looked after again in a second.
    if (error.code === 'starting') return this.#rest(streams);
    const farewell = farewellOf(error, node.role, node.random);
    if (farewell === undefined) logger?.error({ err: error.cause ?? error }, 'event streams cannot go on');
    this.#letGo(streams);
    for (const stream of streams) {
      if (farewell === undefined) stream.destroy();
      else stream.finish(farewell);
    }
  }

  async #look(): Promise<void> {
    const { clock } = this.#parts.node;
    this.#isLooking = true;
    while (this.#streams.size > 0) {
      await clock.sleep(LOOK_MS);
      const nowMs = clock.now();
      for (const [stream, connection] of this.#streams) this.#lookAt(stream, connection, nowMs);
    }
    this.#isLooking = false;
  }

  #lookAt(stream: EventStream, connection: Connection, nowMs: number): void {
    switch (streamDuty(stream.state, nowMs)) {
      case 'beat':
        stream.beat();
        break;
      case 'end':
        this.#end(stream);
        break;
      case 'cut':
        this.#cut++;
        connection.destroy();
        break;
      case 'nothing':
        // What it was to be sent could not be read when there was news of it.
        if (this.#resting.has(stream) && stream.position.offset < this.#parts.node.store.facts.head.offset)
          this.#isReady(stream);
    }
  }

  #end(stream: EventStream): void {
    stream.finish(endingRetry(this.#parts.node.random));
  }

  /** The connections as well: a client may keep one for ever that it has no more use for. */
  #stop(): void {
    for (const [stream, connection] of this.#streams) {
      const { socket } = connection;
      connection.once('finish', () => socket?.end(() => socket.destroy()));
      this.#end(stream);
    }
  }
}
