import { formatPlacedStamp } from '@skein/protocol';
import { Violation, type Checker, type TimedEvent } from '../../history.ts';
import { WALL_START } from '../../world/sim-clock.ts';
import { CLOCK_DRIFT_MS_MAX } from '../../world/sim-mesh.ts';
import type { MeshLogs } from './mesh-logs.ts';

/** So long ago a change may have been let in that is told of now: disks hang, and machines stand still. */
const UNDER_WAY_MS_MAX = 30_000;

/** No node takes what is made too far ahead of its own clock. */
export class MeshClocks implements Checker {
  readonly name = 'mesh-clocks';
  readonly #logs: MeshLogs;
  /** How far ahead each clock has been, and until when; the last it still is. */
  readonly #skews = new Map<string, { readonly skewMs: number; untilMs: number }[]>();

  constructor(logs: MeshLogs) {
    this.#logs = logs;
  }

  observe(event: TimedEvent): void {
    if (event.kind === 'clock-set') this.#set(event.node, event.skewMs, event.ms);
    for (const { node, entry, kind, stamp } of this.#logs.linesOf(event)) {
      if (kind !== 'change' || stamp!.node === node) continue;
      const aheadMs = stamp!.ms - this.#wallMsMax(node, event.ms);
      if (aheadMs <= CLOCK_DRIFT_MS_MAX) continue;
      const what = `${formatPlacedStamp(stamp!)} at ${entry.offset}`;
      throw new Violation(this.name, `${node} has taken ${what}, which was ${aheadMs} ms ahead of its clock`);
    }
  }

  #set(node: string, skewMs: number, ms: number): void {
    const skews = this.#skews.get(node) ?? [];
    if (skews.length > 0) skews.at(-1)!.untilMs = ms;
    skews.push({ skewMs, untilMs: Infinity });
    this.#skews.set(node, skews);
  }

  /** The furthest its clock can have been when it let in what it tells of now. */
  #wallMsMax(node: string, ms: number): number {
    const recent = (this.#skews.get(node) ?? []).filter(({ untilMs }) => untilMs >= ms - UNDER_WAY_MS_MAX);
    return WALL_START + ms + Math.max(0, ...recent.map(({ skewMs }) => skewMs));
  }
}
