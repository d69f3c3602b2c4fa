import type { Rng } from '../world/rng.ts';
import type { Scheduler } from '../world/scheduler.ts';
import { CALM, type SimNet } from '../world/sim-net.ts';
import type { Operator } from '../workload/operator.ts';
import type { SimNode } from '../world/sim-node.ts';
import type { Fault } from './fault.ts';

export interface Victims {
  readonly scheduler: Scheduler;
  readonly net: SimNet;
  readonly random: Rng;
  node(name: string): SimNode;
  /** Of a set. */
  readonly operator: Operator | null;
  /** Faults end here, also those that last. */
  readonly untilMs: number;
}

const NATURE = 'nature';
const SWIZZLE_STEP_MS = 400;

/** Lets a fault happen, now. */
export function applyFault(fault: Fault, victims: Victims): void {
  const { scheduler, net, random } = victims;
  const later = (afterMs: number, what: string, act: () => void): void => {
    const ms = Math.min(afterMs, victims.untilMs - scheduler.nowMs);
    scheduler.after(ms, NATURE, what, act);
  };
  switch (fault.kind) {
    case 'crash':
      return victims.node(fault.node).crash();
    case 'crash-at':
      return victims.node(fault.node).crashAt(fault.point);
    case 'power-cut':
      return victims.node(fault.node).crash('power-lost');
    case 'restart':
      return victims.node(fault.node).restart();
    case 'pause':
      return scheduler.hold(fault.node, Math.min(scheduler.nowMs + fault.forMs, victims.untilMs));
    case 'stall':
      return victims.node(fault.node).stall(Math.min(fault.forMs, victims.untilMs - scheduler.nowMs));
    case 'fail-append':
      return victims.node(fault.node).busyDisk.failNextAppend();
    case 'fail-sync':
      return victims.node(fault.node).busyDisk.failNextSync({ isStored: fault.isStored });
    case 'refuse-opens': {
      const node = victims.node(fault.node);
      node.disk.refuseOpens(fault.times, Object.assign(new Error('IO error: lock: busy'), { code: 'LEVEL_LOCKED' }));
      return node.crash();
    }
    case 'flip':
      return damage(victims.node(fault.node), (node) => node.disk.flipStored(random) !== undefined);
    case 'skip-block':
      return damage(victims.node(fault.node), (node) => {
        const isDone = node.disk.skipBlock(random);
        if (isDone) node.crash();
        return isDone;
      });
    case 'wall-clock':
      return victims.node(fault.node).setWall(fault.skewMs);
    case 'clock-jump':
      for (const node of fault.nodes.map((name) => victims.node(name))) node.setWall(node.wallSkewMs + fault.byMs);
      return undefined;
    case 'promote':
      return void victims.operator?.promote(fault.node, fault);
    case 'demote':
      return void victims.operator?.demote(fault.node);
    case 'claim':
      return void victims.operator?.claim(fault.node, fault.candidate);
    case 'restore':
      return void victims.operator?.restore(victims.node(fault.node), victims.node(fault.backupOf), fault.afterMs);
    case 'split':
      return split(fault, net, later);
    case 'weather':
      net.weather = fault.weather;
      return later(fault.forMs, 'the weather clears', () => (net.weather = CALM));
    case 'cut':
      net.cut(fault.from, fault.to);
      return later(fault.forMs, 'a way is mended', () => net.mend(fault.from, fault.to));
    case 'swizzle':
      return swizzle(fault, net, later);
  }
}

function damage(node: SimNode, harm: (node: SimNode) => boolean): void {
  if (harm(node)) node.damaged();
}

function split(
  { apart, others, forMs }: Extract<Fault, { kind: 'split' }>,
  net: SimNet,
  later: (afterMs: number, what: string, act: () => void) => void,
): void {
  const both = (act: (from: string, to: string) => void): void => {
    for (const one of apart) {
      for (const other of others) {
        act(one, other);
        act(other, one);
      }
    }
  };
  both((from, to) => net.cut(from, to));
  later(forMs, 'a split is mended', () => both((from, to) => net.mend(from, to)));
}

/** Nodes lose the network one by one, and get it back one by one in another order. */
function swizzle(
  { nodes, mended }: Extract<Fault, { kind: 'swizzle' }>,
  net: SimNet,
  later: (afterMs: number, what: string, act: () => void) => void,
): void {
  const both = (node: string, act: (from: string, to: string) => void): void => {
    for (const other of nodes) {
      act(node, other);
      act(other, node);
    }
  };
  for (const [i, node] of nodes.entries())
    later(i * SWIZZLE_STEP_MS, `${node} is cut off`, () => both(node, (from, to) => net.cut(from, to)));
  for (const [i, node] of mended.entries())
    later((nodes.length + i) * SWIZZLE_STEP_MS, `${node} is back`, () => both(node, (from, to) => net.mend(from, to)));
}
