import { styleText } from 'node:util';
import Table from 'cli-table3';

export interface NodeShown {
  readonly name: string;
  readonly state: string;
  readonly isWell: boolean;
  /** The newest change of the leader; and of those, how many are here. */
  readonly head: number;
  readonly applied: number;
  /** A leader has no lag. */
  readonly isLeader: boolean;
  readonly lagMs: number | null;
}

export interface Shown {
  readonly seconds: number;
  readonly writesPerSecond: number;
  readonly nodes: readonly NodeShown[];
  readonly events: readonly string[];
  /** Lines to try. */
  readonly hints: readonly string[];
  readonly isColoured: boolean;
}

const number = new Intl.NumberFormat('en-US');
const EVENTS_SHOWN = 6;

export function numberText(value: number): string {
  return number.format(value);
}

/** What the screen needs to be drawn again where it was. */
export const SCREEN_SIZE = { columns: 78, rows: 22 } as const;

/** The whole screen as text. */
export function screenOf({ seconds, writesPerSecond, nodes, events, hints, isColoured }: Shown): string {
  const table = new Table({
    head: ['node', 'state', 'head', 'applied', 'lag, changes', 'lag, ms'],
    colWidths: [12, 13, 11, 11, 14, 9],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const node of nodes) {
    const { name, state, head, applied, isLeader, lagMs } = node;
    const lag = isLeader ? '–' : numberText(Math.max(0, head - applied));
    const colour = node.isWell ? 'green' : 'red';
    const shown = isColoured ? styleText(colour, state) : state;
    table.push([name, shown, numberText(head), numberText(applied), lag, lagText(lagMs)]);
  }
  const shownEvents = events.slice(-EVENTS_SHOWN);
  const padding = Array.from({ length: EVENTS_SHOWN - shownEvents.length }, () => '');
  const title = `skein demo, ${seconds.toFixed(0)} s, ${numberText(writesPerSecond)} writes/s; Ctrl-C ends it`;
  return ['', title, '', table.toString(), '', ...hints, '', ...shownEvents, ...padding, ''].join('\n');
}

/** The same as one line, for whoever reads it later. */
export function lineOf({ seconds, writesPerSecond, nodes }: Shown): string {
  const parts = nodes.map(({ name, state, head, applied, isLeader, lagMs }) => {
    const lag = isLeader ? '' : `, lag ${Math.max(0, head - applied)} changes, ${lagText(lagMs)} ms`;
    return `${name} ${state} at ${applied}${lag}`;
  });
  return `${timeText(seconds)}  ${[...parts, `${writesPerSecond} writes/s`].join('; ')}`;
}

export function eventText(seconds: number, sentence: string): string {
  return `${timeText(seconds)}  ${sentence}`;
}

function timeText(seconds: number): string {
  return `${seconds.toFixed(1).padStart(6)} s`;
}

function lagText(lagMs: number | null): string {
  if (lagMs === null) return '–';
  return lagMs < 10 ? lagMs.toFixed(1) : numberText(Math.round(lagMs));
}
