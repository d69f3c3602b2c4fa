import { Agent, get, type IncomingMessage } from 'node:http';
import { until } from './until.ts';

/** An event as a browser would hand it on. */
export interface SentEvent {
  readonly name: string;
  readonly data: string;
  /** The last id there was when the event came. */
  readonly lastId: string;
}

export interface EventRequest {
  readonly path: string;
  readonly lastId?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * A reader of an event stream, which takes it apart as browsers do: an event counts when it has come whole, and an id when
 * the empty line behind it has come. It does not come back by itself.
 */
export class EventReader {
  readonly events: SentEvent[] = [];
  /** What the events without a name say; any, since tests know what they wrote. */
  readonly changes: any[] = [];
  readonly headers: IncomingMessage['headers'];
  lastId = '';
  retryMs: number | undefined;
  /** Ended as it should be, or broken off. */
  end: 'ended' | 'broken' | undefined;
  readonly #answer: IncomingMessage;
  readonly #agent: Agent;
  readonly #chunks: string[] = [];
  /** What has come of the next line. */
  #rest = '';
  #fields: { data: string[]; name: string; id: string | undefined } = { data: [], name: '', id: undefined };

  static open(url: string, { path, lastId, headers }: EventRequest): Promise<EventReader> {
    const accept = { accept: 'text/event-stream', ...headers };
    const resuming = lastId === undefined ? {} : { 'last-event-id': lastId };
    // As a browser does, which keeps a connection for its next request.
    const agent = new Agent({ keepAlive: true });
    return new Promise((resolve, reject) => {
      const request = get(new URL(path, url), { agent, headers: { ...accept, ...resuming } }, (answer) => {
        if (answer.statusCode === 200) resolve(new EventReader(answer, agent));
        else reject(new Error(`a stream was answered ${answer.statusCode}`));
      });
      request.once('error', reject);
    });
  }

  private constructor(answer: IncomingMessage, agent: Agent) {
    this.#answer = answer;
    this.#agent = agent;
    this.headers = answer.headers;
    answer.setEncoding('utf8');
    answer.on('data', (text: string) => this.#take(text));
    answer.once('end', () => (this.end = 'ended'));
    answer.once('error', () => (this.end = 'broken'));
    answer.once('close', () => (this.end ??= 'broken'));
  }

  /** All that came. */
  get text(): string {
    return this.#chunks.join('');
  }

  /** Reads no further. */
  pause(): void {
    this.#answer.pause();
  }

  resume(): void {
    this.#answer.resume();
  }

  close(): void {
    this.#answer.destroy();
    this.#agent.destroy();
  }

  /** Waits for so many events. */
  async untilEvents(count: number): Promise<readonly SentEvent[]> {
    await until(`${count} events`, () => this.events.length >= count || this.end !== undefined);
    return this.events;
  }

  async untilEnd(): Promise<'ended' | 'broken'> {
    return until('the stream has ended', () => this.end);
  }

  #take(text: string): void {
    this.#chunks.push(text);
    const lines = text.split('\n');
    lines[0] = this.#rest + lines[0]!;
    this.#rest = lines.pop()!;
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === '') return this.#dispatch();
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    if (field === 'data') this.#fields.data.push(value);
    else if (field === 'event') this.#fields.name = value;
    else if (field === 'id') this.#fields.id = value;
    else if (field === 'retry') this.retryMs = Number(value);
    else if (field !== '') throw new Error(`'${line}' is no line of an event stream`);
  }

  #dispatch(): void {
    const { data, name, id } = this.#fields;
    this.#fields = { data: [], name: '', id: undefined };
    this.lastId = id ?? this.lastId;
    if (data.length === 0) return;
    this.events.push({ name, data: data.join('\n'), lastId: this.lastId });
    if (name === '') this.changes.push(JSON.parse(data.join('\n')));
  }
}
