import type { SortedView } from './sorted-map.ts';

/** A range as abstract-level hands it on. When two lower or two upper bounds are given, the inclusive one counts. */
export interface Range {
  readonly gt?: Buffer;
  readonly gte?: Buffer;
  readonly lt?: Buffer;
  readonly lte?: Buffer;
}

/** Where the keys of a range are: from `low` up to and without `high`. */
export interface Span {
  readonly low: number;
  readonly high: number;
}

export function spanOf(view: SortedView, { gt, gte, lt, lte }: Range): Span {
  const low = gte === undefined ? indexAfter(view, gt, 0) : view.indexOf(gte);
  if (lte !== undefined) return { low, high: indexAfter(view, lte, view.size) };
  return { low, high: lt === undefined ? view.size : view.indexOf(lt) };
}

export function isWithin({ gt, gte, lt, lte }: Range, key: Buffer): boolean {
  if (gte !== undefined ? Buffer.compare(key, gte) < 0 : gt !== undefined && Buffer.compare(key, gt) <= 0) return false;
  return lte !== undefined ? Buffer.compare(key, lte) <= 0 : lt === undefined || Buffer.compare(key, lt) < 0;
}

/** Where the first key above this one is. */
export function indexAfter(view: SortedView, key: Buffer | undefined, otherwise: number): number {
  if (key === undefined) return otherwise;
  const index = view.indexOf(key);
  return view.at(index)?.[0].equals(key) === true ? index + 1 : index;
}
