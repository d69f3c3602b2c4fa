import type { Answer } from './answer.ts';
import { isSkeinError } from './error.ts';
import type { ReadOptions, WriteOptions } from './options.ts';
import { offsetOf, START, type Position } from './position.ts';
import type { OpenAnswer, Requester, WireRequest } from './requester.ts';
import type { Session } from './session.ts';
import { HEADERS, WAIT_SECONDS_DEFAULT } from './wire.ts';

/** What a read asks for. */
export interface Read extends Pick<WireRequest, 'path' | 'headers' | 'expects'> {
  /** Beside what it may wait to be fresh enough. */
  readonly waitMs?: number | undefined;
  /** Of a change that is known of, though not where in the history it is. */
  readonly minOffset?: number | undefined;
}

export interface Write extends Pick<WireRequest, 'path' | 'headers' | 'body' | 'expects'> {
  readonly method: Exclude<WireRequest['method'], 'GET'>;
}

/** The nodes as one session sees them: what it has written is there for what it reads, whoever answers. */
export class Connection {
  readonly requester: Requester;
  readonly session: Session;

  constructor(requester: Requester, session: Session) {
    this.requester = requester;
    this.session = session;
  }

  read(read: Read, options: ReadOptions = {}): Promise<Answer> {
    return this.#reading(read, options, (request) => this.requester.ask(request));
  }

  open(read: Read, options: ReadOptions = {}): Promise<OpenAnswer> {
    return this.#reading(read, options, (request) => this.requester.open(request));
  }

  /** Sends a write under a key of its own; what it has written is part of the session from then on. */
  async write(write: Write, options: WriteOptions = {}): Promise<Answer> {
    const { replicas, waitSeconds, signal, timeoutMs } = options;
    const { idempotencyKey = this.requester.platform.id() } = options;
    const answer = await this.requester.ask({
      ...write,
      signal,
      timeoutMs,
      waitMs: (waitSeconds ?? WAIT_SECONDS_DEFAULT) * 1000,
      headers: {
        ...write.headers,
        ...preferring({ replicas, wait: waitSeconds }),
        [HEADERS.idempotencyKey]: idempotencyKey,
      },
    });
    this.session.observe(answer.headers.get(HEADERS.position) ?? START);
    return answer;
  }

  async #reading<T>(read: Read, options: ReadOptions, send: (request: WireRequest) => Promise<T>): Promise<T> {
    const { session } = this;
    // Nothing of these says whether what was written under an earlier leader is there: only its own position does.
    for (const position of session.unproven) {
      await this.#having(position, () => this.requester.ask(requestOf({ path: NOTHING_NEW }, options, position)));
      session.settle(position);
    }
    const { position } = session;
    const { minOffset = 0 } = read;
    const min = offsetOf(position) >= minOffset ? position : String(minOffset);
    return this.#having(min, () => send(requestOf(read, options, min)));
  }

  /** A position that is lost is told of once; what is read behind that is of another history, and may be read. */
  async #having<T>(position: Position, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!isSkeinError(error, 'write_lost')) throw error;
      this.session.settle(position);
      throw error.with({ problem: { ...error.problem, position } });
    }
  }
}

/** The smallest read that waits for a position. */
const NOTHING_NEW = '/v1/changes?since=now&limit=1';

function requestOf(read: Read, options: ReadOptions, min: Position): WireRequest {
  const { maxStalenessSeconds, waitSeconds, signal, timeoutMs } = options;
  const hasToWait = min !== START || maxStalenessSeconds !== undefined;
  const prefer = preferring({ 'max-staleness': maxStalenessSeconds, wait: hasToWait ? waitSeconds : undefined });
  const minPosition = min === START ? {} : { [HEADERS.minPosition]: min };
  return {
    method: 'GET',
    path: read.path,
    expects: read.expects,
    headers: { ...read.headers, ...prefer, ...minPosition },
    waitMs: (read.waitMs ?? 0) + (hasToWait ? (waitSeconds ?? WAIT_SECONDS_DEFAULT) * 1000 : 0),
    signal,
    timeoutMs,
  };
}

function preferring(preferences: Readonly<Record<string, number | undefined>>): Readonly<Record<string, string>> {
  const parts = Object.entries(preferences).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  return parts.length === 0 ? {} : { prefer: parts.join(', ') };
}
