/** A node of the set, by where it answers. */
export interface NodeAddress {
  /** Without a slash at its end; paths go behind it. */
  readonly url: string;
}

interface Marks {
  readonly failures: number;
  /** Until then others are asked first. */
  readonly restsUntilMs: number;
}

const REST_MS_BASE = 1000;
const REST_MS_MAX = 30_000;
const WELL: Marks = { failures: 0, restsUntilMs: 0 };

/**
 * The addresses a program was given, and which of them have failed of late. These alone are ever asked: a token goes to no
 * host that the program has not named, whatever a node says of its leader.
 */
export class Nodes {
  readonly #addresses: readonly NodeAddress[];
  readonly #marks = new Map<NodeAddress, Marks>();

  constructor(urls: readonly string[]) {
    if (urls.length === 0) throw new TypeError('connect needs the address of a node');
    this.#addresses = [...new Set(urls.map(checkedUrl))].map((url) => ({ url }));
  }

  /** As the program listed them, those behind that have failed of late; the one that is longest over it first of these. */
  order(nowMs: number): readonly NodeAddress[] {
    const restOf = (address: NodeAddress): number => {
      const { restsUntilMs } = this.#marks.get(address) ?? WELL;
      return restsUntilMs > nowMs ? restsUntilMs : 0;
    };
    return this.#addresses.toSorted((a, b) => restOf(a) - restOf(b));
  }

  /** The one that a node has named as its leader, if it is of the set. */
  find(url: string): NodeAddress | undefined {
    return this.#addresses.find((address) => address.url === url.replace(/\/+$/, ''));
  }

  answered(address: NodeAddress): void {
    this.#marks.delete(address);
  }

  /** It is not there, or on its way down or up: for whoever comes next, others are more likely to answer. */
  failed(address: NodeAddress, nowMs: number): void {
    const { failures } = this.#marks.get(address) ?? WELL;
    const restMs = Math.min(REST_MS_MAX, REST_MS_BASE * 2 ** failures);
    this.#marks.set(address, { failures: failures + 1, restsUntilMs: nowMs + restMs });
  }
}

function checkedUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new TypeError(`'${text}' is not the address of a node, such as http://127.0.0.1:7400`);
  }
  const isPlain = url.search === '' && url.hash === '' && url.username === '' && url.password === '';
  if (!/^https?:$/.test(url.protocol) || !isPlain)
    throw new TypeError(`'${text}' is not the address of a node, such as http://127.0.0.1:7400`);
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}
