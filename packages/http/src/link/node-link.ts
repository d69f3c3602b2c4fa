import type { Readable } from 'node:stream';

export type LinkHeaders = Readonly<Record<string, string | string[] | undefined>>;

export interface LinkRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: LinkHeaders;
  readonly body?: Readable | null;
  /** Without the head of an answer for this long the request has failed. */
  readonly answerMs: number;
  readonly signal?: AbortSignal;
}

/** A body that can be passed on as it comes, or taken whole. */
export interface LinkBody extends Readable {
  bytes(): Promise<Uint8Array>;
  text(): Promise<string>;
  /** Lets it go unread. */
  dump(): Promise<unknown>;
}

export interface LinkAnswer {
  readonly status: number;
  readonly headers: LinkHeaders;
  readonly body: LinkBody;
}

/** The way to another node: what a node knows of sockets. A request that gets no answer rejects. */
export interface NodeLink {
  request(request: LinkRequest): Promise<LinkAnswer>;
  /** Whatever is under way is given up. */
  close(): Promise<void>;
}

export interface LinkOptions {
  readonly connections: number;
  /** For making a connection, and for the next piece of a body. */
  readonly timeoutMs: number;
  /** More than this in one answer is refused before it fills the memory. */
  readonly answerBytesMax?: number | undefined;
}

export type OpenLink = (url: string, options: LinkOptions) => NodeLink;
