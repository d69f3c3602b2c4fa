import { formatPosition, type Position } from '@skein/protocol';
import type { SimNode } from '../world/sim-node.ts';
import { anyNode, type Cast, type Part } from './cast.ts';
import { COLLECTIONS, KEYS } from './make-write.ts';

const ANSWER_MS = 4000;

/** Refusals a read may meet: a node that is not there yet, or not yet far enough. */
const EXPECTED: ReadonlySet<string> = new Set(['wait_timeout', 'starting', 'stopping', 'corrupt']);

/** A client that reads what somebody wrote, on any node, often with the position it must be able to see. */
export class Reader {
  readonly #cast: Cast;
  readonly #part: Part;
  readonly #position: () => Position | undefined;

  constructor(cast: Cast, part: Part, position: () => Position | undefined) {
    this.#cast = cast;
    this.#part = part;
    this.#position = position;
  }

  async run(): Promise<void> {
    const { clock, random, isOver } = this.#part;
    while (!isOver()) {
      await clock.sleep(random.between(0, 200));
      await this.#read(anyNode(this.#cast, random, 0.3));
    }
  }

  async #read(node: SimNode): Promise<void> {
    const { random, name } = this.#part;
    const { net, tell, leaderHead, mark } = this.#cast;
    const minPosition = random.chance(0.6) ? this.#position() : undefined;
    const collection = random.pick(COLLECTIONS);
    const key = random.pick(KEYS);
    const headers = {
      prefer: `wait=${random.below(3)}`,
      ...(minPosition === undefined ? {} : { 'skein-min-position': formatPosition(minPosition) }),
    };
    const headBefore = leaderHead();
    const request = { method: 'GET', path: `/v1/collections/${collection}/${key}`, headers };
    const answer = await net.request(name, node.name, request, { answerMs: ANSWER_MS }).catch(() => undefined);
    if (answer === undefined) return;
    const { status, headers: given, body } = answer;
    const code = status === 200 ? undefined : (JSON.parse(body.toString()) as { readonly code: string }).code;
    if (code !== undefined && code !== 'not_found') return this.#refused(node, code);
    if (minPosition !== undefined && node.role === 'follower') mark('a follower read with a position was answered');
    tell({
      kind: 'read',
      client: name,
      node: node.name,
      collection,
      key,
      minPosition,
      versionOffset: status === 200 ? offsetOfEtag(given['etag']!) : 0,
      valueText: status === 200 ? body.toString() : undefined,
      headBefore,
      headAfter: leaderHead(),
    });
  }

  #refused(node: SimNode, code: string): void {
    if (code === 'wait_timeout') this.#cast.mark('a read waited for its position in vain');
    const isExplained = EXPECTED.has(code) && (code !== 'corrupt' || node.isDamaged);
    if (!isExplained) this.#cast.fail(`a read on ${node.name} was refused with ${code}`);
  }
}

function offsetOfEtag(etag: string): number {
  return Number(/^"(\d+)\./.exec(etag)![1]);
}
