/** One measurement, with everything that was noted beside it. */
export interface Run {
  readonly value: number;
  /** The ceiling as measured next to it. */
  readonly ceiling?: number | undefined;
  readonly ratio?: number | undefined;
  readonly notes?: Readonly<Record<string, number>> | undefined;
}

/** What a figure has to reach. */
export interface Target {
  readonly of: 'figure' | 'ratio';
  readonly relation: 'at least' | 'at most' | 'under';
  readonly bound: number;
}

/** A line of the table: the medians of its runs. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly figure: number;
  readonly ceiling: number | null;
  /** Of what the ceiling is. */
  readonly ceilingName: string | null;
  readonly ratio: number | null;
  readonly target: Target | null;
  readonly met: boolean | null;
  readonly runs: readonly Run[];
}

export interface RowSource {
  readonly name: string;
  readonly unit: string;
  readonly runs: readonly Run[];
  readonly ceilingName?: string;
  readonly target?: Target;
}

/** The ratio is the median of the pairs' ratios, not the ratio of the medians: neighbours in time share their noise. */
export function toRow({ name, unit, runs, ceilingName = '', target }: RowSource): Row {
  const figure = median(runs.map(({ value }) => value));
  const ceilings = runs.flatMap(({ ceiling }) => ceiling ?? []);
  const ratios = runs.flatMap(({ ratio }) => ratio ?? []);
  const ratio = ratios.length === 0 ? null : median(ratios);
  const judged = target?.of === 'ratio' ? ratio : figure;
  return {
    name,
    unit,
    figure,
    ceiling: ceilings.length === 0 ? null : median(ceilings),
    ceilingName: ceilings.length === 0 ? null : ceilingName,
    ratio,
    target: target ?? null,
    met: target === undefined || judged === null ? null : isMet(target, judged),
    runs,
  };
}

function isMet({ relation, bound }: Target, value: number): boolean {
  if (relation === 'at least') return value >= bound;
  return relation === 'at most' ? value <= bound : value < bound;
}

function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The value that `percent` of the values do not exceed; for an even count, the 50th is the middle of the middle two. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (percent / 100) * sorted.length;
  if (percent === 50 && Number.isInteger(at)) return (sorted[at - 1]! + sorted[at]!) / 2;
  return sorted[Math.min(sorted.length, Math.ceil(at)) - 1]!;
}

/** Measures a figure and its ceiling in turns, each run beside its own ceiling; who is first alternates. */
export async function inPairs(
  runs: number,
  measure: { readonly figure: () => Promise<Run>; readonly ceiling: () => Promise<Run> },
): Promise<readonly Run[]> {
  const pairs: Run[] = [];
  for (let i = 0; i < runs; i++) {
    let ceiling = i % 2 === 0 ? await measure.ceiling() : undefined;
    const run = await measure.figure();
    ceiling ??= await measure.ceiling();
    const ratio = run.value / ceiling.value;
    pairs.push({ value: run.value, ceiling: ceiling.value, ratio, notes: { ...run.notes, ...ceiling.notes } });
  }
  return pairs;
}
