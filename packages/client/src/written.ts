import type { Answer } from './answer.ts';
import type { Position } from './position.ts';

/** What the write of one document has done. */
export interface Written {
  readonly key: string;
  readonly version: string;
  readonly position: Position;
  /** It was not there before. */
  readonly created: boolean;
}

export function writtenOf(answer: Answer): Written {
  const { key, version, position } = answer.json() as Written;
  return { key, version, position, created: answer.status === 201 };
}

/** The headers of a condition: a version to be at, null for one that must not be there, undefined for none. */
export function conditionOf(ifVersion: string | null | undefined): Readonly<Record<string, string>> {
  if (ifVersion === undefined) return {};
  return ifVersion === null ? { 'if-none-match': '*' } : { 'if-match': `"${ifVersion}"` };
}
