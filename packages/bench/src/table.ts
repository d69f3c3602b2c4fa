import Table from 'cli-table3';
import type { Row, Target } from './results.ts';

/** Results as people read them. */
export function tableOf(rows: readonly Row[]): string {
  const table = new Table({
    head: ['bench', 'figure', 'ceiling', 'ratio', 'target', 'met'],
    style: { head: [], border: [] },
  });
  for (const row of rows) table.push(cellsOf(row));
  return table.toString();
}

function cellsOf({ name, unit, figure, ceiling, ceilingName, ratio, target, met }: Row): string[] {
  return [
    name,
    `${numberText(figure)} ${unit}`,
    ceiling === null ? '' : `${numberText(ceiling)} (${ceilingName})`,
    ratio === null ? '' : ratio.toFixed(2),
    target === null ? '' : targetText(target, unit),
    met === null ? '' : met ? 'yes' : 'no',
  ];
}

function targetText({ of, relation, bound }: Target, unit: string): string {
  return of === 'ratio' ? `ratio ${relation} ${bound}` : `${relation} ${bound} ${unit}`;
}

function numberText(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(2);
}
