import { Turns } from '@skein/http';
import type { Peer } from '../peers/peer.ts';
import type { PeerRepair } from './peer-repair.ts';
import { RepairLoop, type RepairLoopParts } from './repair-loop.ts';

/** Each comparison holds a snapshot and what it has found, up to a thousand documents. */
const AT_ONCE = 4;

/** Compares this node with all of its peers, with each in a loop of its own: one that is slow holds up no other. */
export class RepairLoops {
  readonly #parts: Omit<RepairLoopParts, 'peer' | 'repair' | 'turns'>;
  readonly #turns = new Turns(AT_ONCE);
  readonly #loops = new Map<string, RepairLoop>();

  constructor(parts: Omit<RepairLoopParts, 'peer' | 'repair' | 'turns'>) {
    this.#parts = parts;
  }

  add(peer: Peer, repair: PeerRepair): void {
    this.#loops.set(peer.url, new RepairLoop({ ...this.#parts, peer, repair, turns: this.#turns }));
  }

  start(signal: AbortSignal): void {
    for (const loop of this.#loops.values()) loop.start(signal);
  }

  async ended(): Promise<void> {
    await Promise.all([...this.#loops.values()].map((loop) => loop.ended()));
  }

  /** With one of the peers that were added. */
  of(url: string): RepairLoop {
    return this.#loops.get(url)!;
  }
}
