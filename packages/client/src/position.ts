/** A place in a log as a node says it. Programs keep it and give it back, and look no further into it. */
export type Position = string;

interface Parts {
  readonly offset: number;
  readonly epoch: string;
  readonly counter: number;
}

/** Before the first change of any log. */
export const START: Position = '0';

const PATTERN = /^(\d+)\.((\d+)-[0-9a-z]{8})\.[0-9a-f]{16}$/;

export function isPosition(text: string): boolean {
  return text === START || PATTERN.test(text);
}

function partsOf(position: Position): Parts {
  const [, offset = '0', epoch = '', counter = '0'] = PATTERN.exec(position) ?? [];
  return { offset: Number(offset), epoch, counter: Number(counter) };
}

/** Of a position or a version. */
export function offsetOf(positionOrVersion: string): number {
  return Number(/^(\d+)(?:\.|$)/.exec(positionOrVersion)?.[1] ?? 0);
}

/** Which leadership wrote it, counted. */
export function epochCounter(epochOrPosition: string): number {
  return Number(/^(?:\d+\.)?(\d+)-/.exec(epochOrPosition)?.[1] ?? 0);
}

export function isOfOneEpoch(one: Position, other: Position): boolean {
  return partsOf(one).epoch === partsOf(other).epoch;
}

/** The later of two that are of one history; a higher epoch goes on behind a lower one. */
export function laterOf(one: Position, other: Position): Position {
  const [a, b] = [partsOf(one), partsOf(other)];
  const isLater = a.counter === b.counter ? a.offset > b.offset : a.counter > b.counter;
  return isLater ? one : other;
}
