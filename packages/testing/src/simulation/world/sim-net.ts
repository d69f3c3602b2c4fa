import type { Rng } from './rng.ts';
import type { Cancel, Scheduler } from './scheduler.ts';

export interface SimRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
}

export interface SimResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** An answer on its way, with when it was ready. */
export interface SentResponse extends SimResponse {
  readonly sentAtMs: number;
}

export type Serve = (request: SimRequest) => Promise<SimResponse>;

/** What the network does to messages, each with a probability. */
export interface NetWeather {
  readonly delayMs: readonly [low: number, high: number];
  /** The request never arrives. */
  readonly loseRequest: number;
  /** The answer never arrives: what was asked for has been done all the same. */
  readonly loseAnswer: number;
  /** A proxy repeats a request that is safe to repeat; the second answer goes nowhere. */
  readonly repeat: number;
  /** The body of the answer breaks off and the connection with it. */
  readonly breakOff: number;
  /** The body of the answer is shorter than it was, and nothing says so. */
  readonly shorten: number;
  /** One byte of the answer's body is another. */
  readonly alter: number;
  /** The answer is one that was given to somebody earlier. */
  readonly mixUp: number;
}

export const CALM: NetWeather = {
  delayMs: [0.2, 2],
  loseRequest: 0,
  loseAnswer: 0,
  repeat: 0,
  breakOff: 0,
  shorten: 0,
  alter: 0,
  mixUp: 0,
};

export type NetIncident = 'lost' | 'repeated' | 'broken-off' | 'shortened' | 'altered' | 'mixed-up' | 'cut' | 'refused';

interface InFlight {
  readonly to: string;
  readonly fail: (error: Error) => void;
}

const RESET = (): Error => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
const REFUSED = (to: string): Error => Object.assign(new Error(`connect ECONNREFUSED ${to}`), { code: 'ECONNREFUSED' });
const TIMED_OUT = (): Error => Object.assign(new Error('Headers Timeout Error'), { code: 'UND_ERR_HEADERS_TIMEOUT' });

const ANSWERS_KEPT = 16;

/**
 * HTTP as those see it who use it: a request goes out, and an answer comes back, whole or not at all, or late, or wrong.
 * Every way between two nodes can be cut in one direction.
 */
export class SimNet {
  readonly #scheduler: Scheduler;
  readonly #random: Rng;
  readonly #onIncident: (incident: NetIncident, from: string, to: string) => void;
  readonly #servers = new Map<string, Serve>();
  readonly #inFlight = new Set<InFlight>();
  readonly #cuts = new Set<string>();
  readonly #answers: SentResponse[] = [];
  weather: NetWeather = CALM;

  constructor(
    scheduler: Scheduler,
    random: Rng,
    onIncident: (incident: NetIncident, from: string, to: string) => void = () => undefined,
  ) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#onIncident = onIncident;
  }

  /** From now on requests to this name are answered so. */
  serve(name: string, serve: Serve): void {
    this.#servers.set(name, serve);
  }

  /** Nobody is there any more. Who waits for an answer learns of it, unless the whole machine is gone. */
  leave(name: string, isSilent = false): void {
    this.#servers.delete(name);
    for (const exchange of this.#inFlight) {
      if (exchange.to !== name || isSilent) continue;
      this.#scheduler.after(this.#delay(), name, 'resets a connection', () => exchange.fail(RESET()));
    }
  }

  /** Nothing comes through from one to the other, until it is mended. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }

  mend(from: string, to: string): void {
    this.#cuts.delete(`${from}>${to}`);
  }

  mendAll(): void {
    this.#cuts.clear();
  }

  request(
    from: string,
    to: string,
    request: SimRequest,
    { answerMs, signals = [] }: { readonly answerMs: number; readonly signals?: readonly AbortSignal[] },
  ): Promise<SentResponse> {
    return new Promise((resolve, reject) => {
      for (const signal of signals) if (signal.aborted) return reject(signal.reason as Error);
      let isOver = false;
      const cancels: Cancel[] = [];
      const end = (act: () => void): void => {
        if (isOver) return;
        isOver = true;
        this.#inFlight.delete(exchange);
        for (const cancel of cancels) cancel();
        for (const signal of signals) signal.removeEventListener('abort', onAbort);
        act();
      };
      const exchange: InFlight = { to, fail: (error) => end(() => reject(error)) };
      const onAbort = ({ target }: Event): void => end(() => reject((target as AbortSignal).reason as Error));
      // Not one signal made of all: Node keeps those that have listeners, and with them every world that ended meanwhile.
      for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true });
      this.#inFlight.add(exchange);
      cancels.push(this.#scheduler.after(answerMs, from, `gives up on ${to}`, () => exchange.fail(TIMED_OUT())));
      this.#send(from, to, request, {
        answer: (answer) => end(() => resolve(answer)),
        fail: exchange.fail,
      });
    });
  }

  #send(
    from: string,
    to: string,
    request: SimRequest,
    requester: { readonly answer: (answer: SentResponse) => void; readonly fail: (error: Error) => void },
  ): void {
    const { weather } = this;
    if (this.#isLost(from, to, weather.loseRequest)) return;
    const arrive = (isRepeated: boolean): void => {
      if (this.#isCut(from, to)) return;
      const serve = this.#servers.get(to);
      if (serve === undefined) {
        this.#onIncident('refused', from, to);
        if (!isRepeated) this.#back(to, from, () => requester.fail(REFUSED(to)));
        return;
      }
      void serve(request).then(
        (answer) => {
          const sent = { ...answer, sentAtMs: this.#scheduler.nowMs };
          if (!isRepeated) this.#answer(from, to, sent, requester);
        },
        // The server has closed its doors in the meantime.
        () => {
          if (!isRepeated) this.#back(to, from, () => requester.fail(RESET()));
        },
      );
    };
    this.#scheduler.after(this.#delay(), to, `gets ${request.method} ${request.path}`, () => arrive(false));
    if (isSafe(request) && this.#random.chance(weather.repeat)) {
      this.#onIncident('repeated', from, to);
      this.#scheduler.after(this.#delay(), to, `gets ${request.method} ${request.path} again`, () => arrive(true));
    }
  }

  #answer(
    from: string,
    to: string,
    given: SentResponse,
    requester: { readonly answer: (answer: SentResponse) => void; readonly fail: (error: Error) => void },
  ): void {
    const { weather } = this;
    if (this.#isLost(to, from, weather.loseAnswer)) return;
    let answer = given;
    if (isOfRecords(given) && this.#random.chance(weather.mixUp) && this.#answers.length > 0) {
      this.#onIncident('mixed-up', to, from);
      answer = this.#random.pick(this.#answers);
    }
    if (isOfRecords(given)) {
      this.#answers.push(given);
      if (this.#answers.length > ANSWERS_KEPT) this.#answers.shift();
    }
    if (answer.body.length > 0 && this.#random.chance(weather.breakOff)) {
      this.#onIncident('broken-off', to, from);
      this.#back(to, from, () => requester.fail(RESET()));
      return;
    }
    // What carries no proof of itself would only show that JSON can be broken; pages of records must notice.
    if (isOfRecords(answer)) answer = this.#spoil(answer, from, to);
    this.#back(to, from, () => requester.answer(answer));
  }

  #spoil(answer: SentResponse, from: string, to: string): SentResponse {
    if (answer.body.length === 0) return answer;
    if (this.#random.chance(this.weather.shorten)) {
      this.#onIncident('shortened', to, from);
      return { ...answer, body: answer.body.subarray(0, this.#random.below(answer.body.length)) };
    }
    if (this.#random.chance(this.weather.alter)) {
      this.#onIncident('altered', to, from);
      const body = Buffer.from(answer.body);
      body[this.#random.below(body.length)]! ^= 1 << this.#random.below(8);
      return { ...answer, body };
    }
    return answer;
  }

  #back(from: string, to: string, act: () => void): void {
    this.#scheduler.after(this.#delay(), to, `has an answer of ${from}`, () => {
      if (!this.#isCut(from, to)) act();
    });
  }

  #isLost(from: string, to: string, probability: number): boolean {
    if (this.#isCut(from, to)) return true;
    if (!this.#random.chance(probability)) return false;
    this.#onIncident('lost', from, to);
    return true;
  }

  #isCut(from: string, to: string): boolean {
    const isCut = this.#cuts.has(`${from}>${to}`);
    if (isCut) this.#onIncident('cut', from, to);
    return isCut;
  }

  #delay(): number {
    const [low, high] = this.weather.delayMs;
    // Now and then much longer, so that what was sent first comes last.
    return this.#random.chance(0.02) ? this.#random.between(high, 20 * high) : this.#random.between(low, high);
  }
}

function isSafe({ method, headers }: SimRequest): boolean {
  return method === 'GET' || headers['idempotency-key'] !== undefined;
}

function isOfRecords({ headers }: SimResponse): boolean {
  return headers['content-type'] === 'application/vnd.skein.records';
}
