import type { NetWeather } from '../world/sim-net.ts';
import type { CrashPoint } from '../world/sim-node.ts';

/** Something that goes wrong at a moment, as data: it can be printed, left out, and tried again. */
export type Fault = { readonly atMs: number } & (
  | { readonly kind: 'crash'; readonly node: string }
  | { readonly kind: 'crash-at'; readonly node: string; readonly point: CrashPoint }
  | { readonly kind: 'power-cut'; readonly node: string }
  | { readonly kind: 'restart'; readonly node: string }
  | { readonly kind: 'pause'; readonly node: string; readonly forMs: number }
  | { readonly kind: 'stall'; readonly node: string; readonly forMs: number }
  | { readonly kind: 'fail-append'; readonly node: string }
  | { readonly kind: 'fail-sync'; readonly node: string; readonly isStored: boolean }
  | { readonly kind: 'refuse-opens'; readonly node: string; readonly times: number }
  | { readonly kind: 'flip'; readonly node: string }
  | { readonly kind: 'skip-block'; readonly node: string }
  | { readonly kind: 'wall-clock'; readonly node: string; readonly skewMs: number }
  /** Clocks go forward, or back, by so much: that of one node, or all when so much time passes. */
  | { readonly kind: 'clock-jump'; readonly nodes: readonly string[]; readonly byMs: number }
  /** Members in two groups, neither of which hears the other. */
  | {
      readonly kind: 'split';
      readonly apart: readonly string[];
      readonly others: readonly string[];
      readonly forMs: number;
    }
  | { readonly kind: 'promote'; readonly node: string; readonly acceptLoss: boolean; readonly handOver: boolean }
  | { readonly kind: 'demote'; readonly node: string }
  /** Somebody claims that one of them asks for a promise. */
  | { readonly kind: 'claim'; readonly node: string; readonly candidate: string }
  /** A backup is taken of one of them, and later all that another one has is gone, and it has the backup instead. */
  | { readonly kind: 'restore'; readonly node: string; readonly backupOf: string; readonly afterMs: number }
  | { readonly kind: 'weather'; readonly weather: NetWeather; readonly forMs: number }
  | { readonly kind: 'cut'; readonly from: string; readonly to: string; readonly forMs: number }
  | { readonly kind: 'swizzle'; readonly nodes: readonly string[]; readonly mended: readonly string[] }
);

export function faultText({ atMs, kind, ...details }: Fault): string {
  return `at ${Math.round(atMs)} ms ${kind} ${JSON.stringify(details)}`;
}
