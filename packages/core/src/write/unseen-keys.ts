/** Ten bits a key leave few keys that seem to have been seen and were not. */
const BITS = 16 * 1024 * 1024;
const KEYS_MAX = 1_600_000;
const PROBES = 7;

/** All bits of a key are near each other: memory is looked at in one place. */
const BLOCK_BITS = 512;
const BLOCKS = BITS / BLOCK_BITS;

/**
 * The keys of one collection, of which none has been seen at first: whether one has not been seen is known of nearly all of
 * them, in two megabytes (a Bloom filter). Full when it would begin to know of too few.
 */
export class UnseenKeys {
  readonly #words = new Uint32Array(BITS / 32);
  #seen = 0;

  get isFull(): boolean {
    return this.#seen >= KEYS_MAX;
  }

  /** False when it has been seen, or may have been. */
  has(key: string): boolean {
    const hash = hashOf(key);
    const block = blockOf(hash);
    let probe = mixed(hash);
    for (let i = 0; i < PROBES; i++, probe += stepOf(hash))
      if ((this.#words[block + wordOf(probe)]! & bitOf(probe)) === 0) return true;
    return false;
  }

  /** It has been seen now. */
  delete(key: string): void {
    const hash = hashOf(key);
    const block = blockOf(hash);
    let probe = mixed(hash);
    for (let i = 0; i < PROBES; i++, probe += stepOf(hash)) this.#words[block + wordOf(probe)]! |= bitOf(probe);
    this.#seen++;
  }
}

/** FNV-1a over the key's units. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return mixed(hash);
}

/** As at the end of MurmurHash3. */
function mixed(bits: number): number {
  let hash = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function blockOf(hash: number): number {
  return (hash & (BLOCKS - 1)) * (BLOCK_BITS / 32);
}

/** Odd, so that no two probes are the same bit. */
function stepOf(hash: number): number {
  return (hash >>> 20) | 1;
}

function wordOf(probe: number): number {
  return (probe >>> 5) & (BLOCK_BITS / 32 - 1);
}

function bitOf(probe: number): number {
  return 1 << (probe & 31);
}
