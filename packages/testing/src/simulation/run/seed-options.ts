import type { Fault } from '../faults/fault.ts';
import type { SeedResult } from './world.ts';

/** Each world is of this kind, where else few are. */
export type OnlyWorlds = 'sets' | 'meshes';

export interface SeedOptions {
  /** Instead of those the seed draws: what is left of them when a failure is being narrowed down. */
  readonly faults?: readonly Fault[] | undefined;
  /** So many clients less than the seed would have. */
  readonly writersLess?: number | undefined;
  readonly only?: OnlyWorlds | undefined;
  readonly keepTranscript?: boolean | undefined;
}

/** The world of a seed, until it has ended. */
export interface WorldRun {
  toItsEnd(): Promise<SeedResult>;
  /** Something has happened that must not. */
  fail(problem: string): void;
}
