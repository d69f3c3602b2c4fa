import type { Rng } from '../world/rng.ts';
import { CALM, type NetWeather } from '../world/sim-net.ts';
import { CRASH_POINTS } from '../world/sim-node.ts';
import type { Fault } from './fault.ts';

interface Setting {
  readonly random: Rng;
  readonly nodes: readonly string[];
  /** A leader with followers; members of a set, in which leadership moves; or a mesh. */
  readonly kind: 'leader' | 'set' | 'mesh';
  readonly untilMs: number;
}

type Draw = (setting: Setting, atMs: number) => Fault;

const ROT: Draw = ({ random, nodes }, atMs) => ({
  kind: random.chance(0.5) ? 'flip' : 'skip-block',
  atMs,
  node: random.pick(nodes),
});

const SET_CLOCK: Draw = ({ random, nodes }, atMs) => ({
  kind: 'wall-clock',
  atMs,
  node: random.pick(nodes),
  skewMs: random.pick([-3_600_000, -1000, 60_000, 10 * 365 * 86_400_000]),
});

const SPLIT: Draw = ({ random, nodes }, atMs) => {
  const shuffled = random.shuffled(nodes);
  const size = 1 + random.below(nodes.length - 1);
  const [apart, others] = [shuffled.slice(0, size), shuffled.slice(size)];
  return { kind: 'split', atMs, apart, others, forMs: random.between(500, 9000) };
};

/** Each class draws one fault of its kind. */
const CLASSES: readonly Draw[] = [
  ({ random, nodes }, atMs) => ({ kind: 'crash', atMs, node: random.pick(nodes) }),
  ({ random, nodes }, atMs) => ({ kind: 'crash-at', atMs, node: random.pick(nodes), point: random.pick(CRASH_POINTS) }),
  ({ random, nodes }, atMs) => ({ kind: 'power-cut', atMs, node: random.pick(nodes) }),
  ({ random, nodes }, atMs) => ({ kind: 'restart', atMs, node: random.pick(nodes) }),
  ({ random, nodes }, atMs) => ({ kind: 'pause', atMs, node: random.pick(nodes), forMs: random.between(200, 9000) }),
  ({ random, nodes }, atMs) => ({ kind: 'stall', atMs, node: random.pick(nodes), forMs: random.between(100, 5000) }),
  ({ random, nodes }, atMs) => ({ kind: 'fail-append', atMs, node: random.pick(nodes) }),
  ({ random, nodes }, atMs) => ({ kind: 'fail-sync', atMs, node: random.pick(nodes), isStored: random.chance(0.5) }),
  ({ random, nodes }, atMs) => ({
    kind: 'refuse-opens',
    atMs,
    node: random.pick(nodes),
    times: 1 + random.below(3),
  }),
  ROT,
  SET_CLOCK,
  ({ random }, atMs) => ({ kind: 'weather', atMs, weather: badWeather(random), forMs: random.between(500, 6000) }),
  ({ random, nodes }, atMs) => {
    const [from, to] = random.shuffled(nodes) as readonly [string, string];
    return { kind: 'cut', atMs, from, to, forMs: random.between(500, 12_000) };
  },
  ({ random, nodes }, atMs) => ({
    kind: 'swizzle',
    atMs,
    nodes: random.shuffled(nodes),
    mended: random.shuffled(nodes),
  }),
];

/** What happens to sets beside what happens to all. Rot is left to worlds with one leader, which it stops. */
const OF_SETS: readonly Draw[] = [
  ({ random, nodes }, atMs) => ({
    kind: 'promote',
    atMs,
    node: random.pick(nodes),
    acceptLoss: random.chance(0.5),
    handOver: random.chance(0.3),
  }),
  ({ random, nodes }, atMs) => ({ kind: 'demote', atMs, node: random.pick(nodes) }),
  ({ random, nodes }, atMs) => {
    const [node, candidate] = random.shuffled(nodes) as readonly [string, string];
    return { kind: 'claim', atMs, node, candidate };
  },
  ({ random, nodes }, atMs) => ({
    kind: 'restore',
    atMs,
    node: random.pick(nodes),
    backupOf: random.pick(nodes),
    afterMs: random.between(0, 1500),
  }),
  SPLIT,
];

const HOUR_MS = 3_600_000;

/** What happens to meshes beside what happens to all: they are made for being split, and live by the clock. */
const OF_MESHES: readonly Draw[] = [
  SPLIT,
  ({ random, nodes }, atMs) => ({
    kind: 'clock-jump',
    atMs,
    nodes: [random.pick(nodes)],
    byMs: random.pick([-HOUR_MS, -5000, 5000, 200_000, 3 * HOUR_MS, 3 * HOUR_MS]),
  }),
  ({ nodes }, atMs) => ({ kind: 'clock-jump', atMs, nodes, byMs: 25 * HOUR_MS }),
];

const CLASSES_MAX = 6;

/** None to six classes of faults, some of each: a world with everything in it at once shows less than many with a few. */
export function drawFaults(setting: Setting): readonly Fault[] {
  const { random, untilMs } = setting;
  const classes = random.shuffled(CLASSES).slice(0, random.below(CLASSES_MAX + 1));
  const some = (draw: Draw): readonly Fault[] =>
    Array.from({ length: 1 + random.below(4) }, () => draw(setting, random.between(300, untilMs)));
  const faults = drawsOf(setting, classes).flatMap(some);
  return faults.toSorted((a, b) => a.atMs - b.atMs);
}

function drawsOf({ kind, random }: Setting, classes: readonly Draw[]): readonly Draw[] {
  if (kind === 'leader') return classes;
  const harmless = classes.filter((draw) => draw !== ROT);
  return kind === 'set' ? faultsOfSet(harmless, random) : faultsOfMesh(harmless, random);
}

/** Their clocks jump, and are not set: what is ahead once is so for all time. */
function faultsOfMesh(classes: readonly Draw[], random: Rng): readonly Draw[] {
  const common = classes.filter((draw) => draw !== SET_CLOCK);
  return [...random.shuffled(OF_MESHES).slice(0, random.below(3)), ...common.slice(0, 4)];
}

/** Somebody is promoted in nearly every one of them. */
function faultsOfSet(classes: readonly Draw[], random: Rng): readonly Draw[] {
  const [promote, ...others] = OF_SETS as readonly [Draw, ...Draw[]];
  return [promote, ...random.shuffled(others).slice(0, random.below(3)), ...classes.slice(0, 3)];
}

/** One or two things at a time, seldom or often. */
function badWeather(random: Rng): NetWeather {
  const often = random.pick([0.02, 0.1, 0.4]);
  const bad: readonly Partial<NetWeather>[] = [
    { delayMs: [1, random.pick([20, 200, 1500])] },
    { loseRequest: often },
    { loseAnswer: often },
    { repeat: often },
    { breakOff: often },
    { shorten: often },
    { alter: often },
    { mixUp: often },
  ];
  return { ...CALM, ...random.pick(bad), ...random.pick(bad) };
}
