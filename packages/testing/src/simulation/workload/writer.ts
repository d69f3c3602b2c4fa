import { parsePosition, type Position } from '@skein/protocol';
import type { WriteAsked } from '../history.ts';
import type { SimRequest, SimResponse } from '../world/sim-net.ts';
import type { SimNode } from '../world/sim-node.ts';
import { anyNode, type Cast, type Part } from './cast.ts';
import { makePut, makeWrite, type MakeWrite } from './make-write.ts';

const ANSWER_MS = 3000;
const ATTEMPTS_MAX = 6;
const INSIST_MS = 500;

/** Answers after which nobody knows whether the write happened; every other refusal says that it did not. */
const UNDECIDED: ReadonlySet<string> = new Set([
  'outcome_unknown',
  'under_replicated',
  'leader_unavailable',
  'internal',
]);

interface Problem {
  readonly code?: string;
  readonly count?: number;
}

type Outcome =
  | { readonly kind: 'acked'; readonly position: Position; readonly replayed: boolean }
  | { readonly kind: 'refused' | 'unknown'; readonly code: string };

/** A client that writes, and asks again as long as it does not know what became of a write with an idempotency key. */
export class Writer {
  readonly #cast: Cast;
  readonly #part: Part;
  readonly #nextId: () => number;
  readonly #make: MakeWrite;
  /** What it has had acknowledged; its readers want to see at least this. */
  position: Position | undefined;

  constructor(cast: Cast, part: Part, nextId: () => number, make: MakeWrite = makeWrite) {
    this.#cast = cast;
    this.#part = part;
    this.#nextId = nextId;
    this.#make = make;
  }

  async run(): Promise<void> {
    const { clock, random, isOver } = this.#part;
    // Some think between their writes, some send bursts.
    const pauseMs = random.pick([25, 100, 300]);
    while (!isOver()) {
      await clock.sleep(random.between(0, 2 * pauseMs));
      const burst = random.chance(0.2) ? 1 + random.below(6) : 1;
      await Promise.all(Array.from({ length: burst }, () => this.#write()));
    }
  }

  /** Writes one document on the leader, and does not let go before it is acknowledged. */
  async insist(): Promise<void> {
    const { clock, name } = this.#part;
    const id = this.#nextId();
    const { write, request } = makePut(id, name);
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(write, request, attempt, anyNode(this.#cast, this.#part, 1));
      if (outcome.kind === 'acked') return;
      await clock.sleep(INSIST_MS);
    }
  }

  async #write(): Promise<void> {
    const { clock, random, name } = this.#part;
    const { write, request } = this.#make(this.#nextId(), name, random, this.#cast);
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const node = anyNode(this.#cast, this.#part, 0.7);
      const outcome = await this.#attempt(write, request, attempt, node);
      if (outcome.kind === 'acked' && attempt > 1) this.#cast.mark('a write was acknowledged only when it was retried');
      if (outcome.kind === 'acked' || write.idempotencyKey === undefined) return;
      if (outcome.kind === 'refused' && !isPassing(outcome.code)) return;
      await clock.sleep(random.between(100, 1500));
    }
  }

  async #attempt(write: WriteAsked, request: SimRequest, attempt: number, node: SimNode): Promise<Outcome> {
    const { tell, mark } = this.#cast;
    tell({ kind: 'write-sent', write, attempt, node: node.name });
    const outcome = await this.#send(node.name, request);
    if (outcome.kind === 'acked') {
      const { position, replayed } = outcome;
      tell({ kind: 'write-acked', id: write.id, attempt, position, replayed });
      if (replayed) mark('an answer was replayed');
      if (write.replicas !== undefined) mark('a write was acknowledged that members have');
      if (node.role === 'follower') mark('a follower forwarded a write');
      if (write.isClearing === true) mark('a collection was deleted');
      else if (write.operations.length > 1) mark('a transaction was acknowledged');
      if (this.position === undefined || position.offset > this.position.offset) this.position = position;
    } else {
      tell({ kind: 'write-failed', id: write.id, attempt, outcome: outcome.kind, code: outcome.code });
      if (outcome.code === 'under_replicated') mark('too few members had a write in time');
      mark(`a write was ${outcome.kind === 'refused' ? `refused: ${outcome.code}` : 'left undecided'}`);
    }
    return outcome;
  }

  async #send(to: string, request: SimRequest): Promise<Outcome> {
    try {
      return this.#outcomeOf(await this.#cast.net.request(this.#part.name, to, request, { answerMs: ANSWER_MS }));
    } catch (error) {
      return { kind: 'unknown', code: (error as NodeJS.ErrnoException).code ?? 'no answer' };
    }
  }

  #outcomeOf({ status, headers, body }: SimResponse): Outcome {
    if (status === 200 || status === 201) {
      const replayed = headers['idempotent-replayed'] === 'true';
      return { kind: 'acked', position: parsePosition(headers['skein-position']!), replayed };
    }
    const { code = `HTTP ${status}`, count = 0 } = JSON.parse(body.toString()) as Problem;
    if (code === 'internal') this.#cast.fail(`a write was answered with an internal error: ${body.toString()}`);
    // Of the deletion of a collection, so many documents had been deleted before it failed.
    return { kind: UNDECIDED.has(code) || count > 0 ? 'unknown' : 'refused', code };
  }
}

const PASSING: ReadonlySet<string> = new Set([
  'starting',
  'stopping',
  'overloaded',
  'storage_full',
  'leader_refused',
  'fenced',
  'not_leader',
  'diverged',
  'ahead',
  'index_building',
]);

/** Refusals that are about the node and the moment, not about the write. */
function isPassing(code: string): boolean {
  return PASSING.has(code);
}
