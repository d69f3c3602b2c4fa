import { formatPosition, type Position } from '@skein/protocol';
import type { SimNode } from '../world/sim-node.ts';
import { anyNode, type Cast, type Part } from './cast.ts';
import { COLLECTIONS, KEYS } from './make-write.ts';

const ANSWER_MS = 4000;

/** Refusals a read may meet: a node that is not there yet, or not yet far enough. */
const EXPECTED: ReadonlySet<string> = new Set(['wait_timeout', 'too_stale', 'starting', 'stopping', 'corrupt']);

interface Minimum {
  readonly header: string;
  readonly position: Position | undefined;
  readonly offset: number;
}

/** A client that reads what somebody wrote, on any node, often with the position it must be able to see. */
export class Reader {
  readonly #cast: Cast;
  readonly #part: Part;
  readonly #position: () => Position | undefined;
  /** The newest version it has been shown; it never wants to see less. */
  #seenOffset = 0;
  /** What it was told of earlier writes, for one that comes back with it much later. */
  readonly #tokens: Position[] = [];

  constructor(cast: Cast, part: Part, position: () => Position | undefined) {
    this.#cast = cast;
    this.#part = part;
    this.#position = position;
  }

  async run(): Promise<void> {
    const { clock, random, isOver } = this.#part;
    while (!isOver()) {
      await clock.sleep(random.between(0, 400));
      await this.#read(anyNode(this.#cast, this.#part, 0.3));
    }
  }

  async #read(node: SimNode): Promise<void> {
    const { random, name } = this.#part;
    const { net, tell, headsOf, mark } = this.#cast;
    const min = this.#minimum();
    const collection = random.pick(COLLECTIONS);
    const key = random.pick(KEYS);
    const stalenessMs = random.chance(0.3) ? random.pick([0, 500, 2000]) : null;
    const preferred = stalenessMs === null ? '' : `, max-staleness=${stalenessMs / 1000}`;
    const sentAtMs = this.#part.clock.now();
    const headers = {
      prefer: `wait=${random.below(3)}${preferred}`,
      ...(min === undefined ? {} : { 'skein-min-position': min.header }),
    };
    const headBefore = node.role !== 'follower' ? (node.store?.facts.head.offset ?? 0) : 0;
    const request = { method: 'GET', path: `/v1/collections/${collection}/${key}`, headers };
    const answer = await net.request(name, node.name, request, { answerMs: ANSWER_MS }).catch(() => undefined);
    if (answer === undefined) return;
    const { status, headers: given, body } = answer;
    const code = status === 200 ? undefined : (JSON.parse(body.toString()) as { readonly code: string }).code;
    if (code === 'write_lost' && min?.position !== undefined)
      tell({ kind: 'read-lost', client: name, node: node.name, minPosition: min.position, sentAtMs });
    if (code !== undefined && code !== 'not_found') return this.#refused(node, code);
    if (min !== undefined && node.role === 'follower') mark('a follower read with a position was answered');
    if (stalenessMs !== null && node.role === 'follower') mark('a follower read with a bound on its age was answered');
    const versionOffset = status === 200 ? offsetOfEtag(given['etag']!) : 0;
    this.#seenOffset = Math.max(this.#seenOffset, versionOffset);
    const asOfMs = sentAtMs - (stalenessMs ?? Infinity);
    tell({
      kind: 'read',
      client: name,
      node: node.name,
      collection,
      key,
      minPosition: min?.position,
      minOffset: Math.max(min?.offset ?? 0, headsOf(node.name).at(asOfMs)),
      versionOffset,
      valueText: status === 200 ? body.toString() : undefined,
      headBefore,
      headAfter: headsOf(node.name).newest,
      sentAtMs,
    });
  }

  /** Its own writes by a position, what it has seen by the offset, or nothing. */
  #minimum(): Minimum | undefined {
    const { random } = this.#part;
    const position = this.#token();
    if (random.chance(0.4) && position !== undefined)
      return { header: formatPosition(position), position, offset: position.offset };
    if (random.chance(0.4) && this.#seenOffset > 0)
      return { header: String(this.#seenOffset), position: undefined, offset: this.#seenOffset };
    return undefined;
  }

  /** The newest position of its own writes, or now and then an older one. */
  #token(): Position | undefined {
    const newest = this.#position();
    if (newest !== undefined && newest !== this.#tokens.at(-1)) this.#tokens.push(newest);
    const { random } = this.#part;
    return this.#tokens.length > 0 && random.chance(0.25) ? random.pick(this.#tokens) : newest;
  }

  #refused(node: SimNode, code: string): void {
    if (code === 'too_stale') this.#cast.mark('a read was refused as too stale');
    if (code === 'wait_timeout') this.#cast.mark('a read waited for its position in vain');
    // Where a history may be lost, so may what was written to it.
    const isLost = code === 'write_lost' && this.#cast.isSet;
    if (isLost) this.#cast.mark('a read was refused since its write was lost');
    const isExplained = EXPECTED.has(code) && (code !== 'corrupt' || node.isDamaged);
    if (!isExplained && !isLost) this.#cast.fail(`a read on ${node.name} was refused with ${code}`);
  }
}

function offsetOfEtag(etag: string): number {
  return Number(/^"(\d+)\./.exec(etag)![1]);
}
