import type { Rng } from '../world/rng.ts';
import { CALM, type NetWeather } from '../world/sim-net.ts';
import { CRASH_POINTS } from '../world/sim-node.ts';
import type { Fault } from './fault.ts';

interface Setting {
  readonly random: Rng;
  readonly nodes: readonly string[];
  readonly untilMs: number;
}

type Draw = (setting: Setting, atMs: number) => Fault;

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
  ({ random, nodes }, atMs) => ({
    kind: random.chance(0.5) ? 'flip' : 'skip-block',
    atMs,
    node: random.pick(nodes),
  }),
  ({ random, nodes }, atMs) => ({
    kind: 'wall-clock',
    atMs,
    node: random.pick(nodes),
    skewMs: random.pick([-3_600_000, -1000, 60_000, 10 * 365 * 86_400_000]),
  }),
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

const CLASSES_MAX = 6;

/** None to six classes of faults, some of each: a world with everything in it at once shows less than many with a few. */
export function drawFaults(setting: Setting): readonly Fault[] {
  const { random, untilMs } = setting;
  const classes = random.shuffled(CLASSES).slice(0, random.below(CLASSES_MAX + 1));
  const faults = classes.flatMap((draw) =>
    Array.from({ length: 1 + random.below(4) }, () => draw(setting, random.between(300, untilMs))),
  );
  return faults.toSorted((a, b) => a.atMs - b.atMs);
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
